import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defences } from './defences/index.ts'
import type { Outcome, Try } from './run/outcome.ts'
import { runTries } from './run/pool.ts'
import { trySchedules } from './run/try-schedules.ts'

const MAIN = resolve(import.meta.dirname, 'main.ts')

test('three hundred schedules of faults break no promise', async () => {
  const seeds = Array.from({ length: 300 }, (_, seed) => ({ seed }))
  const broken: string[] = []
  const all = { rows: 0, granted: 0, shortGrants: 0 }
  await run(seeds, 2, ({ name, violations, crashed, rows, granted, shortGrants }) => {
    all.rows += rows
    all.granted += granted
    all.shortGrants += shortGrants
    if (crashed !== null) broken.push(`${name}: ${crashed}`)
    for (const { kind, words } of violations) broken.push(`${name}: ${kind}: ${words}`)
  })
  expect(broken).toEqual([])
  // Where nobody is granted anything nothing can leak, and nothing run out.
  expect(all.rows).toBeGreaterThan(10_000)
  expect(all.granted).toBeGreaterThan(5_000)
  expect(all.shortGrants).toBeGreaterThan(300)
})

describe('a seed', () => {
  test('gives the same run again, after whatever ran before and in whatever thread', async () => {
    const tries = [{ seed: 3 }, { seed: 4 }, { seed: 5 }]
    const [first, second] = await Promise.all([traces([...tries, ...tries]), traces(tries.toReversed())])
    expect(first.slice(3)).toEqual(first.slice(0, 3))
    expect(second.toReversed()).toEqual(first.slice(0, 3))
    expect(new Set(second).size).toBe(3)
  })

  test('that breaks a promise is told in words, by an exit code, and alike in another process', async () => {
    const args = ['--replay', '0', '--directed', 'offsets-lost', '--without', 'no-reset-of-offsets', '--json']
    const [first, second] = await Promise.all([simulate(args), simulate(args)])
    expect(first.exitCode).toBe(20)
    expect(first.stderr).toContain('LOST: ')
    expect(first.stderr).toContain('again: npm run simulate -- --replay 0 --directed offsets-lost')
    expect(JSON.parse(first.stdout)).toMatchObject({ schedules: 1, violations: 1 })
    expect(second.stderr).toBe(first.stderr)
  })
})

describe('with one defence switched off, a schedule is found that breaks a promise:', () => {
  test.each(['fence', 'stable-offsets', 'loader-reads-committed', 'no-commit-after-the-timeout'])(
    '%s',
    async (without) => {
      const directed = defences.find(({ name }) => name === without)?.directed
      if (directed === undefined) throw new Error(`there is no hand-timed schedule for ${without}`)
      const tries = Array.from({ length: 20 }, (_, seed) => ({ seed, directed }))
      const { violating } = await trySchedules({ without, tries, stopAtFirst: true })
      expect(violating).toHaveLength(1)
      expect(violating[0]?.kinds).not.toContain('crash')
      expect(violating[0]?.kinds).not.toContain('stopped')
    },
  )
})

async function traces(tries: readonly Try[]): Promise<string[]> {
  const found: string[] = []
  await run(tries, 1, ({ trace, crashed }) => found.push(crashed ?? trace))
  return found
}

function run(tries: readonly Try[], workers: number, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const setup = { without: undefined, keepsLog: false, workers }
  return runTries(tries[Symbol.iterator](), setup, (outcome) => {
    onOutcome(outcome)
    return true
  })
}

function simulate(args: readonly string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
      })
    }
    child.on('error', fail)
    child.on('close', (exitCode) => done({ exitCode, ...said }))
  })
}
