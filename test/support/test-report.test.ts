import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { failures, sentence, tally } from './test-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-report-'))
symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the real vitest on these files, since it is its report that we read. */
function report(files: Record<string, string>): { json: unknown; status: number | null } {
  const root = mkdtempSync(join(folder, 'run-'))
  writeFileSync(join(root, 'vitest.config.mjs'), 'export default {}')
  for (const [name, source] of Object.entries(files))
    writeFileSync(join(root, name), `import { test } from 'vitest'\n${source}\n`)
  const vitest = resolve(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs')
  const args = [vitest, 'run', '--root', root, '--reporter=json', `--outputFile.json=${join(root, 'report.json')}`]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'ignore' })
  return { json: JSON.parse(readFileSync(join(root, 'report.json'), 'utf8')), status }
}

function run(files: Record<string, string>): string {
  const { json, status } = report(files)
  return sentence(tally(json, status))
}

test('passed, failed and skipped tests are counted', () => {
  const source = `test('a', () => {}); test('b', () => {}); test.skip('c', () => {}); test('d', () => { throw new Error('no') })`
  expect(run({ 'a.test.ts': source })).toBe('2 passed, 1 failed, 1 skipped')
})

test('a file that can not be loaded counts as one failed', () => {
  expect(run({ 'a.test.ts': `test('a', () => {})`, 'b.test.ts': `import './not-there.ts'\ntest('b', () => {})` })).toBe(
    '1 passed, 1 failed',
  )
})

test('a file that can not be loaded counts beside tests that fail', () => {
  const failing = `test('a', () => { throw new Error('no') })`
  expect(run({ 'a.test.ts': failing, 'b.test.ts': `import './not-there.ts'` })).toBe('0 passed, 2 failed')
})

test('an error outside of all tests counts as one failed', () => {
  const source = `test('a', async () => { setTimeout(() => { throw new Error('late') }, 0); await new Promise((done) => setTimeout(done, 50)) })`
  expect(run({ 'a.test.ts': source })).toBe('1 passed, 1 failed')
})

test('a run without a report counts as one failed, whatever its exit code', () => {
  expect(sentence(tally(undefined, 1))).toBe('0 passed, 1 failed')
  expect(sentence(tally(undefined, null))).toBe('0 passed, 1 failed')
})

test('what failed is named with its file, a file that can not be loaded too', () => {
  const source = `import { describe } from 'vitest'\ndescribe('x', () => test('a', () => { throw new Error('no') })); test('b', () => {})`
  const { json } = report({ 'a.test.ts': source, 'b.test.ts': `import './not-there.ts'` })
  const named = failures(json).map((one) => one.replace(/^.*run-[^/]*\//, ''))
  expect(named.sort()).toEqual(['a.test.ts: x a', 'b.test.ts'])
})
