import { readFileSync } from 'node:fs'
import { decodeStateRecord } from '@weir/consent'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PEOPLE = 50
const ROUNDS_AT_ONCE = 20
const PARTITIONS = [0, 1, 2, 3]
/** Names and slots of the two sanitizers. */
const ONE = 'sanitizer'
const OTHER = 'sanitizer-1'
const SLOTS: Readonly<Record<string, string>> = { [ONE]: '0', [OTHER]: '1' }

describe('promise 5: exactly once, in order per key', () => {
  const weir = sharedWeir({ rawPartitions: PARTITIONS.length })
  const subjects = Array.from({ length: PEOPLE }, (_, at) => `person-${at}`)

  it('holds while one of two sanitizers is killed, stopped or started, and the other takes over', async () => {
    const purposes = ['personalization']
    await Promise.all(subjects.map((subject) => weir().decide({ subject, kind: 'grant', purposes })))

    let rounds = 0
    let over = false
    // As long as the rest lasts, so that whatever is done to the two falls in the middle.
    const publishing = (async () => {
      while (!over) {
        const next = Array.from({ length: ROUNDS_AT_ONCE }, (_, at) => rounds + at)
        rounds += ROUNDS_AT_ONCE
        await weir().publish(next.flatMap((count) => subjects.map((subject) => numbered(subject, count))))
      }
    })()
    try {
      start(OTHER)
      await bothAtWork()

      await inTheMiddle()
      await weir().service(ONE).stop('SIGKILL')
      await takesAllOver(OTHER)
      start(ONE)
      await bothAtWork()

      await inTheMiddle()
      expect(await weir().service(OTHER).stop('SIGTERM')).toBe(0)
      await takesAllOver(ONE)
      start(OTHER)
      await bothAtWork()

      // Back at once: what it had open under its transactional id is ended by itself, not by a timeout.
      await inTheMiddle()
      await weir().service(OTHER).stop('SIGKILL')
      start(OTHER)
      await bothAtWork()
    } finally {
      over = true
      await publishing
    }
    await weir().drained(120_000)

    const clean = await weir().clean('personalization')
    expect(clean).toHaveLength(PEOPLE * rounds)
    const byPerson = Map.groupBy(clean, ({ key }) => key?.toString())
    expect(byPerson.size).toBe(PEOPLE)
    for (const records of byPerson.values()) {
      expect(new Set(records.map(({ partition }) => partition)).size).toBe(1)
      const counts = records
        .sort((a, b) => a.offset - b.offset)
        .map(({ event }) => (event['product'] as { priceCents: number }).priceCents)
      expect(counts).toEqual(Array.from({ length: rounds }, (_, at) => at))
    }
    // One stripped record an event for the purpose that nobody granted but that has an otherwise branch.
    expect(await weir().dump('clickstream.analytics')).toHaveLength(PEOPLE * rounds)
  }, 240_000)

  it('holds while the projector is killed: no grant begins twice', async () => {
    const purposes = ['marketing']
    let decided = 0
    const waiting = subjects.values()
    const someOneByOne = async () => {
      for (const subject of waiting) {
        expect((await weir().decide({ subject, kind: 'grant', purposes })).status).toBe('effective')
        decided++
      }
    }
    const deciding = Promise.all(Array.from({ length: 5 }, someOneByOne))
    await until('some are decided', () => decided > 0)
    await weir().service('projector').stop('SIGKILL')
    expect(decided).toBeLessThan(PEOPLE)
    weir().start('projector')
    await deciding

    const states = (await weir().dump('consent.state')).filter(({ key }) => key?.length === 16)
    const byRef = Map.groupBy(states, ({ key }) => key?.toString('hex'))
    expect(byRef.size).toBe(PEOPLE)
    // A grant that began a second time would have drawn another salt.
    for (const records of byRef.values()) {
      const salts = new Set(records.map(({ value }) => marketingSalt(value)).filter((salt) => salt !== null))
      expect(salts.size).toBe(1)
    }
    await weir().publish(subjects.map((subject) => ({ key: subject, value: weir().event(subject) })))
    await weir().drained()
    expect(await weir().clean('marketing')).toHaveLength(PEOPLE)
  }, 120_000)

  /** priceCents counts each person's events, so that order and number show in the output. */
  const numbered = (subject: string, count: number) => ({
    key: subject,
    value: weir().event(subject, { product: { sku: 'SKU', category: 'shoes', priceCents: count, currency: 'EUR' } }),
  })

  function start(name: string): void {
    weir().start('sanitizer', name, { WEIR_SLOT: SLOTS[name] as string })
  }

  /** Each has partitions of its own and has committed records since its start. */
  async function bothAtWork(): Promise<void> {
    await until('both are at work', async () => {
      const [one, other] = [owned(ONE), owned(OTHER)]
      if (one.size === 0 || other.size === 0 || one.union(other).size < PARTITIONS.length) return false
      return (await committedBy(ONE)) > 0 && (await committedBy(OTHER)) > 0
    })
  }

  /** It has all partitions, and has committed more since. */
  async function takesAllOver(name: string): Promise<void> {
    await until(`${name} has all partitions`, () => owned(name).size === PARTITIONS.length, 60_000)
    const before = await committedBy(name)
    await until(`${name} gets on`, async () => (await committedBy(name)) > before)
  }

  /** Something was committed since the last time, and not everything. */
  let reached = 0
  async function inTheMiddle(): Promise<void> {
    const kafka = await weir().kafka()
    const raw = PARTITIONS.map((partition) => ({ topic: weir().topic('clickstream.raw'), partition }))
    const sum = (offsets: readonly number[]) => offsets.reduce((total, offset) => total + Math.max(0, offset), 0)
    reached = await until('in the middle', async () => {
      const committed = sum(await kafka.committedOffsets(weir().topic('sanitizer.clickstream'), raw))
      const end = sum(await kafka.endOffsets(raw, 'high-watermark'))
      return committed > reached && committed < end ? committed : null
    })
  }

  /** Partitions that this run of it was given and has not given up, as it logs it. */
  function owned(name: string): Set<number> {
    const partitions = new Set<number>()
    for (const line of readFileSync(weir().service(name).logFile, 'utf8').split('\n')) {
      if (!line.endsWith('}')) continue
      const said = JSON.parse(line) as { event?: string; partitions?: number[] }
      for (const partition of said.partitions ?? []) {
        if (said.event === 'assigned') partitions.add(partition)
        else partitions.delete(partition)
      }
    }
    return partitions
  }

  async function committedBy(name: string): Promise<number> {
    return (await readMetrics(weir().service(name))).sum('weir_sanitizer_raw_total')
  }
})

function marketingSalt(value: Buffer | null): string | null {
  const record = decodeStateRecord(value ?? Buffer.alloc(0))
  return record.kind === 'state' ? (record.state.purposes['marketing']?.salt ?? null) : null
}
