import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What lies where may import what. Each row is planted into a copy of the workspaces, and biome must say the same. */
const PLANTED: readonly [path: string, source: string, rule: string | null][] = [
  // libraries
  ['libs/kafka/src/p1.ts', `import '@weir/service-consent'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p2.ts', `import '../../../services/consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p3.ts', `import '../../consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/deep/p4.ts', `import '../../../consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p5.ts', `import '@weir/infra'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p6.ts', `import '@weir/test'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p7.ts', `import '../../../test/support/x.ts'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p8.ts', `import 'avsc'`, 'correctness/noUndeclaredDependencies'],
  ['libs/kafka/src/deep/p9.ts', `import '../mends/x.ts'\nimport 'kafkajs'\nimport 'node:net'`, null],
  ['libs/kafka/src/p10.ts', `console.log('x')`, 'suspicious/noConsole'],
  ['libs/kafka/src/p13.ts', `import '@weir/transcoder/reference'`, 'style/noRestrictedImports'],
  ['libs/kafka/src/p11.test.ts', `import 'vitest'\nimport './x.ts'`, null],
  ['libs/kafka/src/p12.test.ts', `import '@weir/test'`, 'style/noRestrictedImports'],
  // pure libraries
  ...['contracts', 'consent', 'pseudonym', 'transcoder'].flatMap((lib): [string, string, string | null][] => [
    [`libs/${lib}/src/q1.ts`, 'export const now = Date.now()', 'style/noRestrictedGlobals'],
    [`libs/${lib}/src/q2.ts`, 'export const now = performance.now()', 'style/noRestrictedGlobals'],
    [`libs/${lib}/src/q3.ts`, `export const home = process.env['HOME']`, 'style/noRestrictedGlobals'],
    [`libs/${lib}/src/q4.ts`, `import '@weir/kafka'`, 'style/noRestrictedImports'],
    [`libs/${lib}/src/q5.ts`, 'export const x = Math.random()', 'plugin'],
    [
      `libs/${lib}/src/q6.ts`,
      `import { randomBytes } from 'node:crypto'\nexport const x = randomBytes(1)`,
      lib === 'pseudonym' ? 'plugin' : 'correctness/noNodejsModules',
    ],
    [
      `libs/${lib}/src/q7.test.ts`,
      `import 'node:fs'\nimport 'vitest'\nexport const now = [Date.now(), Math.random()]`,
      null,
    ],
  ]),
  ['libs/contracts/src/r1.ts', `import 'node:fs'`, 'correctness/noNodejsModules'],
  ['libs/contracts/src/read-folder.ts', `import 'node:fs'`, null],
  ['libs/consent/src/r2.ts', `import '@weir/pseudonym'`, 'style/noRestrictedImports'],
  ['libs/consent/src/r3.ts', `import 'node:crypto'`, 'correctness/noNodejsModules'],
  ['libs/pseudonym/src/r4.ts', `import 'node:crypto'`, null],
  ['libs/pseudonym/src/r5.ts', `import 'node:fs'`, 'style/noRestrictedImports'],
  ['libs/pseudonym/src/r6.ts', `import 'node:fs/promises'`, 'style/noRestrictedImports'],
  ['libs/pseudonym/src/r7.ts', `import '@weir/consent'`, 'style/noRestrictedImports'],
  ['libs/transcoder/src/r8.ts', `import '@weir/contracts'`, null],
  ['libs/transcoder/src/r9.ts', `import '@weir/consent'`, 'style/noRestrictedImports'],
  ['libs/transcoder/src/write/r10.ts', `import '../reference/x.ts'`, 'style/noRestrictedImports'],
  ['libs/transcoder/src/read/r11.ts', `import 'avsc'`, 'style/noRestrictedImports'],
  ['libs/transcoder/src/reference/r12.ts', `import 'avsc'\nimport './x.ts'`, null],
  ['libs/transcoder/src/write/r13.test.ts', `import '../reference/x.ts'`, null],
  // services
  ['services/sanitizer/src/s1.ts', `import '@weir/service-consent'`, 'style/noRestrictedImports'],
  ['services/sanitizer/src/s2.ts', `import '../../consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['services/sanitizer/src/s3.ts', `import '@weir/infra'`, 'style/noRestrictedImports'],
  ['services/sanitizer/src/s4.ts', `import '@weir/test'`, 'style/noRestrictedImports'],
  ['services/sanitizer/src/s5.ts', `import '@weir/kafka'\nimport 'node:fs'\nexport const now = Date.now()`, null],
  ['services/sanitizer/src/s6.ts', `import 'kafkajs'`, 'correctness/noUndeclaredDependencies'],
  ['services/sanitizer/src/s7.test.ts', `import '@weir/service-consent'`, 'style/noRestrictedImports'],
  ['services/sanitizer/src/s8.ts', `import '@weir/transcoder/reference'`, 'style/noRestrictedImports'],
  ['services/cli/src/cases/s9.ts', `import '@weir/transcoder/reference'`, 'style/noRestrictedImports'],
  ['services/cli/src/s10.ts', `import '@weir/transcoder'`, null],
  ['services/sanitizer/src/s11.test.ts', `import '@weir/transcoder/reference'`, null],
  // the auditor
  ['services/auditor/src/v1.ts', `import '@weir/consent'`, 'style/noRestrictedImports'],
  ['services/auditor/src/v2.ts', `import '@weir/pseudonym/src/x.ts'`, 'style/noRestrictedImports'],
  ['services/auditor/src/kafka/v3.ts', `import '../../../../libs/kafka/src/x.ts'`, 'style/noRestrictedImports'],
  ['services/auditor/src/v4.ts', `import '../../sanitizer/src/x.ts'`, 'style/noRestrictedImports'],
  ['services/auditor/src/v5.test.ts', `import '@weir/consent'`, 'style/noRestrictedImports'],
  ['services/auditor/src/kafka/v6.ts', `import '../x.ts'\nimport 'avsc'\nimport 'node:crypto'`, null],
  // the rest
  ['infra/stack/t1.ts', `import '../../services/consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['infra/demo/t2.ts', `import '../../services/consent/src/x.ts'`, null],
  ['infra/stack/t4.ts', `import '@weir/transcoder/reference'`, 'style/noRestrictedImports'],
  ['infra/demo/t5.ts', `import '@weir/transcoder/reference'`, 'style/noRestrictedImports'],
  ['test/bench/t6.ts', `import '@weir/transcoder/reference'`, null],
  ['test/e2e/t3.test.ts', `import '../../services/consent/src/x.ts'\nimport 'vitest'`, null],
  // the checker
  ['test/check/u1.ts', `import '@weir/consent'`, 'style/noRestrictedImports'],
  ['test/check/u2.ts', `import '@weir/infra/kafka/x.ts'`, 'style/noRestrictedImports'],
  ['test/check/u3.ts', `import '../../libs/consent/src/x.ts'`, 'style/noRestrictedImports'],
  ['test/check/u4.ts', `import '../support/x.ts'`, 'style/noRestrictedImports'],
  ['test/check/u5.ts', `import './x.ts'\nimport 'avsc'\nimport 'node:crypto'`, null],
  ['test/check/u6.test.ts', `import '@weir/consent'\nimport '../../libs/consent/src/x.ts'`, null],
  ['test/check/fixtures/u7.ts', `import '@weir/consent'\nimport '../x.ts'`, null],
  ['test/copy/check/u9.ts', `import '../copier.ts'`, 'style/noRestrictedImports'],
]

const root = resolve(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'weir-layering-'))
afterAll(() => rmSync(copy, { recursive: true, force: true }))

const found = new Map<string, string[]>()

beforeAll(() => {
  const manifests = globSync(['package.json', '{libs,services}/*/package.json', '{infra,test}/package.json'], {
    cwd: root,
  })
  for (const file of ['biome.json', 'infra/setup/no-randomness.grit', ...manifests])
    cpSync(join(root, file), join(copy, file))
  for (const [path, source] of PLANTED) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    writeFileSync(join(copy, path), `${source}\n`)
  }
  for (const { category, path } of lint()) found.set(path, [...(found.get(path) ?? []), category])
})

function lint(): { category: string; path: string }[] {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' })
  const report: { diagnostics: { category: string; severity: string; location: { path: string } }[] } =
    JSON.parse(stdout)
  return report.diagnostics
    .filter(({ severity }) => severity !== 'information')
    .map(({ category, location }) => ({
      category: category.replace(/^lint\//, ''),
      path: location.path.replaceAll('\\', '/'),
    }))
}

test.each(PLANTED.filter(([, , rule]) => rule !== null))('%s may not hold: %s', (path, _, rule) => {
  expect(found.get(path)).toContain(rule)
})

test.each(PLANTED.filter(([, , rule]) => rule === null))('%s may hold: %s', (path) => {
  expect(found.get(path)).toBeUndefined()
})
