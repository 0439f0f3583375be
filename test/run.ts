/**
 * `npm test`: the projects of vitest.config.ts one after another, each with its time; the last line is the sum alone.
 * `npm test -- <filter>` takes files whose path contains the filter, `--project <name>` only that project; other
 * options go to vitest. A failed project does not keep the next from running. What failed is named again before the sum.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { add, failures, sentence, type Tally, tally } from './support/test-report.ts'

const PROJECTS = ['unit', 'simulate', 'stack', 'faults']

const root = resolve(import.meta.dirname, '..')
const vitest = resolve(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs')
const reports = mkdtempSync(join(tmpdir(), 'weir-tests-'))

let interruptedBy: NodeJS.Signals | undefined

try {
  process.exitCode = await runAll(process.argv.slice(2))
} finally {
  rmSync(reports, { recursive: true, force: true })
}

async function runAll(args: readonly string[]): Promise<number> {
  const { projects, rest } = choose(args)
  const lines: string[] = []
  let total: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const project of projects) {
    const began = performance.now()
    const { counts, failed } = await runProject(project, rest)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    lines.push(`${project.padEnd(8)} ${seconds.padStart(6)} s  ${sentence(counts)}`)
    lines.push(...failed.map((test) => `  failed: ${test}`))
    total = add(total, counts)
    if (interruptedBy === undefined) continue
    lines.push('Interrupted: the rest did not run.')
    break
  }
  if (total.passed + total.failed + total.skipped === 0) {
    lines.push('No test matches.')
    total = { ...total, failed: 1 }
  }
  console.log(`\n${lines.join('\n')}\n${sentence(total)}`)
  if (interruptedBy !== undefined) return 128 + constants.signals[interruptedBy]
  return total.failed === 0 ? 0 : 1
}

function choose(args: readonly string[]): { projects: readonly string[]; rest: readonly string[] } {
  const projects: string[] = []
  const rest: string[] = []
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    if (arg === '--project') {
      at += 1
      projects.push(args[at] ?? '')
    } else if (arg.startsWith('--project=')) projects.push(arg.slice('--project='.length))
    else rest.push(arg)
  }
  const unknown = projects.filter((project) => !PROJECTS.includes(project))
  if (unknown.length > 0) {
    console.error(`There is no project ${unknown.join(', ')}: there are ${PROJECTS.join(', ')}.`)
    process.exit(2)
  }
  return { projects: projects.length > 0 ? projects : PROJECTS, rest }
}

async function runProject(project: string, rest: readonly string[]): Promise<{ counts: Tally; failed: string[] }> {
  const file = join(reports, `${project}.json`)
  const args = ['run', '--project', project, '--passWithNoTests', '--reporter=default', '--reporter=json']
  console.log(`\n== ${project}`)
  const child = spawn(process.execPath, [vitest, ...args, `--outputFile.json=${file}`, ...rest], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  // Vitest stops what it started; we only wait for it, and go no further.
  const interrupt = (signal: NodeJS.Signals): void => {
    interruptedBy = signal
    if (signal === 'SIGTERM') child.kill(signal)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const exitCode = await new Promise<number | null>((done) => {
    child.on('error', () => done(null))
    child.on('close', (code) => done(code))
  })
  process.off('SIGINT', interrupt)
  process.off('SIGTERM', interrupt)
  const report = readReport(file)
  return { counts: tally(report, exitCode), failed: failures(report).map((test) => test.replace(`${root}/`, '')) }
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
