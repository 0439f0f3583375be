import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type ReplayPlan, readPlan } from '@weir/replay'
import avro from 'avsc'
import { beforeAll, describe, expect, it } from 'vitest'
import { Placed } from '../replay/placed.ts'
import { dump, type ForeignRecord } from '../support/foreign/foreign.ts'
import { ReplayProcess } from '../support/replay-process.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { type CliRun, weirCli } from '../support/weir-cli.ts'

const PURPOSES = ['personalization', 'analytics', 'marketing'] as const
const ROUNDS = 300
/** Many processes are started, each a second's work of a slow machine. */
const LIMIT_MS = 180_000
const STAY = ['anna', 'bert', 'carla']
const LEAVE = ['leaves', 'returns', 'erased']
const EVERYBODY = [...STAY, ...LEAVE, 'nobody']

/** What a replay gives, against what the live run gave of the same raw records. */
describe('weir replay run', () => {
  const weir = sharedWeir()
  const live = new Map<string, ForeignRecord[]>()

  beforeAll(async () => {
    await Promise.all([...STAY, ...LEAVE].map((subject) => decide(subject, 'grant')))
    const rounds = Array.from({ length: ROUNDS }, (_, round) => round)
    await weir().publish(rounds.flatMap((round) => EVERYBODY.map((subject) => event(subject, round))))
    await weir().publish([{ key: 'broken', value: Buffer.from('no event') }])
    await weir().drained()
    // Behind the last record: offsets without one, where the range ends.
    const all = [0, 1].flatMap((partition) => EVERYBODY.map((subject) => ({ ...event(subject, 0), partition })))
    await weir().publish(all, { transaction: { id: randomUUID(), end: 'abort' } })
    for (const purpose of PURPOSES) live.set(purpose, await read(weir().topic(`clickstream.${purpose}`)))
  }, LIMIT_MS)

  it('gives what the live run gave, byte for byte, where consent is the same, and nothing a second time', {
    timeout: LIMIT_MS,
  }, async () => {
    const planned = await plan('same')
    const first = await run('same')
    expect(first, first.said).toMatchObject({ exit: 0 })
    for (const { purpose, topic } of planned.outputs) {
      const before = live.get(purpose) as ForeignRecord[]
      expect(before.length).toBeGreaterThanOrEqual(ROUNDS * STAY.length)
      expect(Placed.of(await read(topic)).toJSON()).toEqual(Placed.of(before).toJSON())
    }
    // What could not be processed lies in quarantine already.
    expect(await weir().dump('clickstream.quarantine')).toHaveLength(1)

    expect(lastOf(await run('same'))).toMatchObject({ kind: 'done', state: 'completed', added: 0 })
    await ReplayProcess.worker(file('same'), weir().env).completed()
    for (const { purpose, topic } of planned.outputs) {
      expect(await read(topic)).toHaveLength(live.get(purpose)?.length ?? 0)
    }
  })

  it('gives nothing of grants that ended between plan and run, and only the purposes that were asked for', {
    timeout: LIMIT_MS,
  }, async () => {
    const planned = await plan('changed', '--purposes', 'personalization,analytics', '--rate', '2000')
    await decide('leaves', 'withdraw')
    await decide('returns', 'withdraw')
    await decide('returns', 'grant')
    await erase('erased')
    // Two share the partitions, and both end.
    const other = begun('changed')
    const first = await run('changed')
    expect(first, first.said).toMatchObject({ exit: 0 })
    await other.completed()

    expect(planned.outputs.map(({ purpose }) => purpose)).toEqual(['personalization', 'analytics'])
    expect(await topicsOf(planned)).toEqual(planned.outputs.map(({ topic }) => topic).sort())
    for (const { purpose, topic } of planned.outputs) {
      const before = Placed.of(live.get(purpose) as ForeignRecord[])
      const records = await read(topic)
      const now = Placed.of(records)
      expect(before.keys).toHaveLength(STAY.length + LEAVE.length)
      // Who agrees still is there under the pseudonym that the live topic has; all others without any.
      expect(now.keys).toHaveLength(STAY.length)
      expect(before.keys).toEqual(expect.arrayContaining([...now.keys]))
      expect(now.count).toBe(before.count)
      const type = await typeOf(purpose)
      for (const { key, value } of records) expect(decoded(type, value).sessionId === null).toBe(key === null)
    }
  })

  it('takes no record from outside its offsets, and is refused in another namespace', {
    timeout: LIMIT_MS,
  }, async () => {
    const sinceMs = Date.now() + 1
    await until('the clock has gone on', () => Date.now() > sinceMs)
    const rounds = [0, 1, 2, 3].map((round) => ({ ...event('anna', round), partition: 0 }))
    await weir().publish([...rounds, { ...event('nobody', 0), partition: 1 }])
    await weir().drained()
    const part = ['--partitions', '0', '--purposes', 'personalization'] as const
    const [recent] = (await plan('recent', ...part, '--since', new Date(sinceMs).toISOString())).ranges
    const { from, to } = recent as ReplayPlan['ranges'][number]
    const { outputs } = await plan('part', ...part, '--from', `0:${from + 1}`, '--to', `0:${to - 1}`)
    const elsewhere = ReplayProcess.worker(file('part'), { ...weir().env, WEIR_NAMESPACE: 'other.' })
    expect(await elsewhere.ended()).toEqual({ exit: 5, state: null })
    expect(await run('part')).toMatchObject({ exit: 0 })

    const type = await typeOf('personalization')
    const records = await read(outputs[0]?.topic as string)
    const categories = records.map(({ value }) => decoded(type, value).product.category)
    expect(categories).toEqual(['c-1', 'c-2'])
  })

  const file = (name: string) => join(weir().folder, `${name}.json`)

  async function plan(name: string, ...options: readonly string[]): Promise<ReplayPlan> {
    const { exit, said } = await weirCli(['replay', 'plan', '--out', file(name), ...options], weir().env)
    expect(exit, said).toBe(0)
    return readPlan(file(name))
  }

  function run(name: string): Promise<CliRun> {
    return weirCli(['replay', 'run', file(name), '--execute', '--json'], weir().env)
  }

  /** A process of another slot, which waits until the first has made the topics. */
  function begun(name: string): ReplayProcess {
    return ReplayProcess.worker(file(name), { ...weir().env, WEIR_SLOT: 'other' })
  }

  const typeOf = async (purpose: string) =>
    avro.Type.forSchema((await weir().registered(`clickstream.${purpose}`)).schema as avro.Schema)

  const decoded = (type: avro.Type, value: Buffer | null) => type.fromBuffer((value as Buffer).subarray(5))

  const lastOf = ({ out }: CliRun) => JSON.parse(out.trim().split('\n').at(-1) as string) as Record<string, unknown>

  const read = (topic: string) => dump(weir().stack.KAFKA_BROKERS, [topic])

  /** Topics of this replay that are on the cluster. */
  async function topicsOf({ planId }: ReplayPlan): Promise<string[]> {
    const names = PURPOSES.map((purpose) => weir().topic(`clickstream.${purpose}.replay-${planId.slice(0, 8)}`))
    return (await (await weir().kafka()).topics(names)).map(({ topic }) => topic).sort()
  }

  const event = (subject: string, round: number) => ({
    key: subject,
    value: weir().event(subject, { product: { sku: 'S', category: `c-${round}`, priceCents: 1, currency: 'EUR' } }),
  })

  const decide = (subject: string, kind: 'grant' | 'withdraw') => weir().decide({ subject, kind, purposes: PURPOSES })

  async function erase(id: string): Promise<void> {
    const asked = { decisionId: randomUUID(), subject: { kind: 'user', id } }
    const made = await until('taken', () => weir().api('POST', '/v1/erasures', asked))
    await until('erased', async () => {
      const { status } = await weir().api('GET', `/v1/decisions/${String(made['decisionId'])}?waitMs=5000`)
      return status === 'effective'
    })
  }
})
