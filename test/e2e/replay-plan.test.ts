import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { offsetsDone, offsetsOf, readPlan, readTopics, replayGroup } from '@weir/replay'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ContractCopy } from '../support/contract-copy.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { type CliRun, startWeirCli, weirCli } from '../support/weir-cli.ts'

const PURPOSES = ['personalization']

interface Counts {
  readonly purpose: string
  readonly now: Record<string, number>
  readonly before: Record<string, number> | null
  readonly reasons: Record<string, number>
}

describe('weir replay plan', () => {
  const weir = sharedWeir()
  const contract = new ContractCopy()
  const file = () => join(weir().folder, 'plan.json')

  const replay = (args: readonly string[], env: Record<string, string> = {}) =>
    weirCli(['replay', ...args], { ...weir().env, ...env })

  /** Of personalization, as the plan has them. */
  function counts({ exit, out, said }: CliRun): Counts {
    expect(exit, said).toBe(0)
    const plan = lines(out).at(-1) as { found: { outputs: Counts[] } }
    return plan.found.outputs.find(({ purpose }) => purpose === 'personalization') as Counts
  }

  const lines = (out: string) =>
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  async function publish(subject: string, events: number): Promise<void> {
    await weir().publish(
      Array.from({ length: events }, () => ({ key: subject, value: weir().event(subject), partition: 0 })),
    )
  }

  const decide = (subject: string, kind: 'grant' | 'withdraw') => weir().decide({ subject, kind, purposes: PURPOSES })

  beforeAll(async () => {
    for (const subject of ['stays', 'leaves', 'returns']) await decide(subject, 'grant')
    await publish('stays', 4)
    await publish('leaves', 3)
    await publish('returns', 2)
    await publish('nobody', 1)
    await weir().publish([{ key: 'broken', value: Buffer.from('no event'), partition: 0 }])
    await weir().drained()
    await decide('leaves', 'withdraw')
    await decide('returns', 'withdraw')
    await decide('returns', 'grant')
  })
  afterAll(() => contract.remove())

  it('counts what today’s consent gives, with reasons, and publishes nothing', async () => {
    const published = (await weir().clean('personalization')).length
    const { now, before, reasons } = counts(await replay(['plan', '--json', '--out', file()]))
    // By the audit records of the live run: all of the range.
    expect(before).toEqual({ granted: 9, stripped: 1, withheld: 0 })
    expect(readPlan(file()).found).toMatchObject({ offsets: 11, auditedOffsets: 11 })
    expect(now).toEqual({ granted: 4, stripped: 6, withheld: 0 })
    expect(reasons).toEqual({ withdrawn: 3, 'before-grant': 2, 'no-grant': 1 })
    const plan = readPlan(file())
    expect(plan.found).toMatchObject({ records: 11, faulty: 1 })
    expect(plan.ranges).toEqual([{ partition: 0, from: 0, to: expect.any(Number) }])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(await weir().clean('personalization')).toHaveLength(published)
  })

  it('counts what a change of policy gives: who saw an older notice is not covered by the next', async () => {
    contract.write('purposes.yaml', contract.changed('purposes.yaml', '  notice: 1', '  notice: 2'))
    const policy = 'clickstream/personalization.1.yaml'
    contract.write('clickstream/personalization.2.yaml', contract.changed(policy, '\nnotice: 1', '\nnotice: 2'))
    rmSync(join(contract.folder, policy))
    const { now, reasons } = counts(
      await replay(['plan', '--json', '--out', join(weir().folder, 'other.json'), '--contracts', contract.folder]),
    )
    expect(now).toEqual({ granted: 0, stripped: 10, withheld: 0 })
    expect(reasons).toEqual({ withdrawn: 3, 'before-grant': 2, 'no-grant': 1, 'older-notice': 4 })
  })

  it('takes offsets, partitions and purposes, and refuses offsets that are not there', async () => {
    const { exit, out } = await replay([
      ...['plan', '--json', '--out', join(weir().folder, 'part.json'), '--purposes', 'personalization'],
      ...['--from', '0:0', '--to', '0:4', '--partitions', '0'],
    ])
    expect(exit).toBe(0)
    expect(lines(out).at(-1)).toMatchObject({
      ranges: [{ partition: 0, from: 0, to: 4 }],
      outputs: [{ purpose: 'personalization' }],
    })
    expect(await replay(['plan', '--to', '0:9999'])).toMatchObject({ exit: 2, out: '' })
  })

  it('is refused under another contract, and when it was edited', async () => {
    const other = await replay(['run', file(), '--execute', '--contracts', contract.folder])
    expect(other).toMatchObject({ exit: 5, out: '' })
    expect(other.said).toContain('The contract has changed since plan')
    const edited = join(weir().folder, 'edited.json')
    writeFileSync(edited, readFileSync(file(), 'utf8').replace('"into": "new"', '"into": "live"'))
    expect(await replay(['run', edited, '--execute'])).toMatchObject({
      exit: 5,
      said: expect.stringContaining('was changed since'),
    })
  })

  it('is run only with --execute, into a topic like the live one, with nothing of grants that ended', async () => {
    const shown = await replay(['run', file()])
    expect(shown.exit, shown.said).toBe(0)
    expect(shown.said).toContain('Add --execute to run it.')
    expect((await readTopics(await weir().kafka(), weir().namespace)).plans.size).toBe(0)

    const ran = await replay(['run', file(), '--execute', '--json'])
    expect(ran.exit, ran.said).toBe(0)
    expect(lines(ran.out).at(-1)).toMatchObject({ kind: 'done', state: 'completed', added: 11, total: 11 })
    const live = await weir().clean('personalization')
    const replayed = await weir().clean(`personalization.replay-${readPlan(file()).planId.slice(0, 8)}`)
    const keys = (of: typeof live) => of.map(({ key }) => key?.toString() ?? null)
    expect(replayed).toHaveLength(10)
    // Only who stayed: under the pseudonym that the live topic has of them.
    const granted = keys(replayed).filter((key) => key !== null)
    expect(granted).toHaveLength(4)
    expect(new Set(granted).size).toBe(1)
    expect(keys(live).filter((key) => key === granted[0])).toHaveLength(4)
  })

  it('gives nothing the second time, says so, only switches if asked to, and can’t be cancelled any more', async () => {
    const topic = `personalization.replay-${readPlan(file()).planId.slice(0, 8)}`
    const before = (await weir().clean(topic)).length
    const again = await replay(['run', file(), '--execute', '--switch'])
    expect(again).toMatchObject({ exit: 0, out: expect.stringContaining('nothing was added') })
    expect(await weir().clean(topic)).toHaveLength(before)
    expect(await replay(['cancel', file(), '--execute'])).toMatchObject({ exit: 5, out: '' })
    const [status] = lines((await replay(['status', file(), '--json'])).out)
    expect(status).toMatchObject({ status: 'completed', offsets: 11, total: 11 })
  })

  it('is what consumers are switched to, and back', async () => {
    const current = async () =>
      (await readTopics(await weir().kafka(), weir().namespace)).aliases.get('clickstream.personalization')
    const { planId, outputs } = readPlan(file())
    // By the run before.
    expect(await current()).toMatchObject({ topic: outputs[0]?.topic, planId })
    expect((await replay(['switch', file(), '--back', '--execute'])).exit).toBe(0)
    expect(await current()).toMatchObject({ topic: weir().topic('clickstream.personalization'), planId: null })
    expect((await replay(['switch', file(), '--execute'])).exit).toBe(0)
    expect(await current()).toMatchObject({ topic: outputs[0]?.topic, planId })
  })

  it('goes on after Ctrl-C, and ends for good when it is cancelled', async () => {
    // At one a second it takes longer than anything here may.
    await publish('stays', 200)
    const slow = join(weir().folder, 'slow.json')
    counts(await replay(['plan', '--json', '--out', slow, '--rate', '1']))
    const plan = readPlan(slow)
    const args = ['replay', 'run', slow, '--execute', '--json']
    const ranges = plan.ranges.map(({ partition }) => ({ topic: plan.rawTopic, partition }))
    const done = async () => offsetsDone(plan, await (await weir().kafka()).committedOffsets(replayGroup(plan), ranges))

    const first = startWeirCli(args, weir().env)
    await until('some are done', async () => (await done()) > 0)
    first.child.kill('SIGINT')
    const interrupted = await first.ended
    expect(interrupted.exit, interrupted.said).toBe(130)
    const far = await done()
    expect(far).toBeLessThan(offsetsOf(plan))

    const second = startWeirCli(args, weir().env)
    await until('it goes on', async () => (await done()) > far)
    expect((await replay(['cancel', slow, '--execute'])).exit).toBe(0)
    const cancelled = await second.ended
    expect(cancelled.exit, cancelled.said).toBe(5)
    const topic = plan.outputs[0]?.topic.slice(weir().topic('clickstream.').length) as string
    expect((await weir().clean(topic)).length).toBeLessThan(offsetsOf(plan))
    expect(await replay(['run', slow, '--execute'])).toMatchObject({
      exit: 5,
      said: expect.stringContaining('was cancelled at'),
    })
  }, 120_000)
})
