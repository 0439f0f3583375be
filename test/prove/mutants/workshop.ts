import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Fate, Mutant } from './mutant.ts'
import { firstLine, type Report, readFate } from './report.ts'
import { REPORT_FILE } from './reporter.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
/** What the mutated code and its tests need. */
const PARTS = [
  'libs/audit',
  'libs/contracts',
  'libs/consent',
  'libs/pseudonym',
  'libs/quarantine',
  'libs/replay',
  'libs/transcoder',
  'libs/kafka',
  'libs/consent-view',
  'libs/preflight',
  'libs/service',
  'services/sanitizer',
  'infra/contracts',
  'infra/setup',
  'test/prove',
]
const FILES = ['package.json', 'tsconfig.json']
const CONFIG = 'test/prove/mutants/vitest.config.ts'
/** Many times what any tests take here; a mutant may go round in circles. */
const MOST_SECONDS = 180

/** How a run of the tests ended. */
interface Ended {
  /** Null: it was ended, because it took too long. */
  readonly code: number | null
  readonly output: string
}

/** A copy of the code, in which mutants come to life one after the other; the repository itself is never touched. */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-mutants-'))

  constructor() {
    for (const part of PARTS) {
      cpSync(join(ROOT, part), join(this.#folder, part), {
        recursive: true,
        filter: (path) => !path.endsWith('/node_modules'),
      })
    }
    for (const file of FILES) cpSync(join(ROOT, file), join(this.#folder, file))
    this.#linkModules()
    const include = ['libs/*/src/**/*.ts', 'services/sanitizer/src/**/*.ts', 'services/sanitizer/fixtures/**/*.ts']
    // What a mutant leaves as it was need not be checked again.
    const compilerOptions = { incremental: true, tsBuildInfoFile: 'types.tsbuildinfo' }
    const config = { extends: './tsconfig.json', compilerOptions, include, exclude: ['**/*.test.ts'] }
    writeFileSync(join(this.#folder, 'tsconfig.mutants.json'), JSON.stringify(config))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** What becomes of the code without any mutant: must be `survived`, else nothing can be told. */
  async unharmed(tests: readonly string[]): Promise<Fate> {
    return await this.#fate(tests)
  }

  async try({ file, find, replace, tests }: Mutant): Promise<Fate> {
    const path = join(this.#folder, file)
    const before = readFileSync(path, 'utf8')
    if (before.split(find).length !== 2) return { kind: 'void', why: 'what it replaces does not stand there just once' }
    writeFileSync(
      path,
      before.replace(find, () => replace),
    )
    try {
      return await this.#fate(tests)
    } finally {
      writeFileSync(path, before)
    }
  }

  async #fate(tests: readonly string[]): Promise<Fate> {
    const types = await this.#run('typescript', 'bin/tsc', ['--noEmit', '-p', 'tsconfig.mutants.json'])
    if (types.code !== 0) return { kind: 'void', why: `it does not type-check: ${firstLine(types.output)}` }
    // A test that only crashed has found nothing, but one behind it may: then all are run.
    const first = await this.#judge(['--bail', '1', ...tests])
    return first.kind === 'void' ? await this.#judge(tests) : first
  }

  async #judge(options: readonly string[]): Promise<Fate> {
    const report = join(this.#folder, REPORT_FILE)
    rmSync(report, { force: true })
    const ended = await this.#run('vitest', 'vitest.mjs', [
      'run',
      '--root',
      this.#folder,
      '--config',
      CONFIG,
      ...options,
    ])
    if (ended.code === null) return { kind: 'void', why: `its tests took more than ${MOST_SECONDS} s` }
    return readFate(readReport(report), ended.code)
  }

  #run(name: string, file: string, args: readonly string[]): Promise<Ended> {
    const script = resolve(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file)
    return new Promise((done, reject) => {
      const child = spawn(process.execPath, [script, ...args], {
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: MOST_SECONDS * 1_000,
        killSignal: 'SIGKILL',
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
      child.once('error', reject)
      child.once('close', (code) => done({ code, output }))
    })
  }

  /** The repository's packages as they are, but for our own, which are those of this copy. */
  #linkModules(): void {
    const from = join(ROOT, 'node_modules')
    const to = join(this.#folder, 'node_modules')
    mkdirSync(join(to, '@weir'), { recursive: true })
    for (const name of readdirSync(from)) {
      if (name !== '@weir') symlinkSync(join(from, name), join(to, name))
    }
    for (const part of PARTS.filter((one) => /^(libs|services)\//.test(one))) {
      const { name }: { name: string } = JSON.parse(readFileSync(join(this.#folder, part, 'package.json'), 'utf8'))
      symlinkSync(join(this.#folder, part), join(to, name))
    }
  }
}

function readReport(path: string): Report | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
