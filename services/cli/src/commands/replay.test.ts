import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PlanError, writePlan } from '@weir/replay'
import { Command } from 'commander'
import { afterAll, expect, test } from 'vitest'
import type { Cli } from '../cli.ts'
import { CliError } from '../errors.ts'
import { addReplayCancel } from './replay-cancel.ts'
import { addReplayPlan } from './replay-plan.ts'
import { addReplayRun } from './replay-run.ts'
import { addReplaySwitch } from './replay-switch.ts'

const SAMPLE = resolve(import.meta.dirname, '../../../../infra/contracts')
const folder = mkdtempSync(join(tmpdir(), 'weir-replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** No address of anything: whoever gets so far as to ask a cluster is told that settings are missing. */
const cli: Cli = { env: { WEIR_CONTRACTS: SAMPLE }, out: () => {}, say: () => {}, end: () => {} }

function weir(...args: string[]): Promise<unknown> {
  const replay = new Command('replay')
  for (const add of [addReplayPlan, addReplayRun, addReplayCancel, addReplaySwitch]) add(replay, cli)
  for (const command of replay.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  return replay.parseAsync(args, { from: 'user' })
}

test.each([
  [['plan', '--into', 'live'], /add --after-live/],
  [['plan', '--into', 'old'], /new or live/],
  [['plan', '--after-live'], /for --into live/],
  [['plan', 'cinema'], /no stream cinema; it has: clickstream/],
])('weir replay %j is refused before a cluster is asked', async (args, why) => {
  const error = await weir(...args).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CliError)
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(why) })
})

test.each([
  [['plan', '--since', 'yesterday'], /2026-01-15T10:20:00Z/],
  [['plan', '--partitions', 'all'], /0,2,5/],
  [['plan', '--rate', '0'], /at least 1/],
  [['plan', '--from', '0:1,0:2'], /Name each partition once/],
])('weir replay %j says how it is written', async (args, how) => {
  await expect(weir(...args)).rejects.toThrow(how)
})

test('a plan of the live topics has nothing to switch to', async () => {
  const file = join(folder, 'live.json')
  writePlan(file, {
    version: 1,
    planId: '0b8e4f0e-0000-4000-8000-000000000000',
    createdAtMs: 0,
    expiresAtMs: 1,
    namespace: '',
    stream: 'clickstream',
    rawTopic: 'clickstream.raw',
    rawTopicId: 'ab'.repeat(16),
    ranges: [{ partition: 0, from: 0, to: 1 }],
    contract: 'ab'.repeat(32),
    into: 'live',
    outputs: [{ purpose: 'analytics', topic: 'clickstream.analytics' }],
    rate: null,
    found: { records: 0, faulty: 0, bytes: 0, seconds: 0, offsets: 1, auditedOffsets: 0, outputs: [] },
  })
  for (const args of [
    ['switch', file],
    ['run', file, '--switch'],
  ]) {
    expect(await weir(...args).catch((reason: unknown) => reason)).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('this plan has none'),
    })
  }
})

test('a plan is not written over what is there, nor to where nothing can be, and that is said before counting', async () => {
  const there = join(folder, 'there.json')
  writeFileSync(there, 'mine')
  for (const [out, why] of [
    [there, /is there already/],
    [join(folder, 'nowhere', 'plan.json'), /no folder/],
  ] as const) {
    expect(await weir('plan', '--out', out).catch((reason: unknown) => reason)).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(why),
    })
  }
})

test('a file that is no plan is told from a plan, before a cluster is asked', async () => {
  const file = join(folder, 'plan.json')
  writeFileSync(file, '{}')
  for (const command of ['run', 'cancel', 'switch']) {
    const error = await weir(command, file).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PlanError)
    expect(error).toMatchObject({ code: 'WEIR_PLAN_UNREADABLE', message: expect.stringContaining(file) })
  }
})
