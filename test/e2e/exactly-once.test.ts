import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PEOPLE = 50
const ROUNDS = 200

describe('promise 5: exactly once, in order per key', () => {
  const weir = sharedWeir({ rawPartitions: 4 })
  const subjects = Array.from({ length: PEOPLE }, (_, at) => `person-${at}`)

  it('holds while the sanitizer is killed and another takes over', async () => {
    const purposes = ['personalization']
    await Promise.all(subjects.map((subject) => weir().decide({ subject, kind: 'grant', purposes })))

    // priceCents counts each person's events, so that order and number show in the output.
    const publishing = (async () => {
      for (let round = 0; round < ROUNDS; round += 10) {
        const rounds = Array.from({ length: 10 }, (_, at) => round + at)
        await weir().publish(
          rounds.flatMap((count) =>
            subjects.map((subject) => ({ key: subject, value: weir().event(subject, { product: numbered(count) }) })),
          ),
        )
      }
    })()
    let killed = 0
    let reached = 0
    while (killed < 3) {
      // Each time in the middle: something was committed since the last kill, and not everything.
      reached = await until('the sanitizer gets on', async () => {
        const now = await committed()
        return now > reached ? now : null
      })
      expect(reached).toBeLessThan(PEOPLE * ROUNDS)
      await weir().service('sanitizer').stop('SIGKILL')
      killed++
      weir().start('sanitizer')
    }
    await publishing
    await weir().drained(120_000)

    const clean = await weir().clean('personalization')
    expect(clean).toHaveLength(PEOPLE * ROUNDS)
    const byPerson = Map.groupBy(clean, ({ key }) => key?.toString())
    expect(byPerson.size).toBe(PEOPLE)
    for (const records of byPerson.values()) {
      expect(new Set(records.map(({ partition }) => partition)).size).toBe(1)
      const counts = records
        .sort((a, b) => a.offset - b.offset)
        .map(({ event }) => (event['product'] as { priceCents: number }).priceCents)
      expect(counts).toEqual(Array.from({ length: ROUNDS }, (_, at) => at))
    }
    // One stripped record an event for the purpose that nobody granted but that has an otherwise branch.
    expect(await weir().clean('analytics')).toHaveLength(PEOPLE * ROUNDS)
  }, 240_000)

  const numbered = (count: number) => ({ sku: 'SKU', category: 'shoes', priceCents: count, currency: 'EUR' })

  async function committed(): Promise<number> {
    const kafka = await weir().kafka()
    const raw = [0, 1, 2, 3].map((partition) => ({ topic: weir().topic('clickstream.raw'), partition }))
    const offsets = await kafka.committedOffsets(weir().topic('sanitizer.clickstream'), raw)
    return offsets.reduce((sum, offset) => sum + Math.max(0, offset), 0)
  }

  it('holds while the projector is killed: each decision is folded once', async () => {
    const purposes = ['marketing']
    const deciding = Promise.all(subjects.map((subject) => weir().decide({ subject, kind: 'grant', purposes })))
    await weir().service('projector').stop('SIGKILL')
    weir().start('projector')
    for (const { status } of await deciding) expect(status).toBe('effective')
    const states = await weir().dump('consent.state')
    // A person's grant of marketing never begins twice: one salt in all records of that ref.
    expect(states.length).toBeGreaterThan(0)
    await weir().publish(subjects.map((subject) => ({ key: subject, value: weir().event(subject) })))
    await weir().drained()
    expect(await weir().clean('marketing')).toHaveLength(PEOPLE)
  }, 120_000)
})
