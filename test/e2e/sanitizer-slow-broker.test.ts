import { partitionOf } from '@weir/kafka'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { Api, type KafkaProxy, startKafkaProxy } from '../support/kafka-proxy.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 2
const PEOPLE = 100
const EVENTS = 60_000
const AT_ONCE = 1_000
/** Makes a record of over a kilobyte. */
const TITLE = 'a title '.repeat(110)
const MIB = 1024 * 1024

/** What the sanitizer may hold (its README): read ahead and a batch more, a response that is being cut, two chunks. */
const bound = (recordBytes: number) => (16 + 1 + PARTITIONS * 4) * MIB + 2 * 8_000 * recordBytes

describe('while the broker answers no transaction', () => {
  const weir = sharedWeir({ rawPartitions: PARTITIONS }, ['projector', 'consent'])
  let proxy: KafkaProxy
  afterEach(() => proxy?.close())

  it('the sanitizer takes up no more than it can hold; then all comes out, once', async () => {
    const recordBytes = await backlog()
    const raw = Buffer.from(weir().topic('clickstream.raw'))
    let unanswered = 0
    let most = 0
    proxy = await startKafkaProxy(inject('stack').KAFKA_BROKERS, {
      onResponse({ apiKey, frame }, response) {
        // A recovery drops what was taken up, and reads it again.
        if (apiKey === Api.offsetFetch) unanswered = 0
        if (apiKey === Api.fetch && frame.includes(raw)) unanswered += response.length
        most = Math.max(most, unanswered)
        return 'pass'
      },
    })
    const release = proxy.holdResponses(Api.endTxn)
    weir().start('sanitizer', 'sanitizer', { KAFKA_BROKERS: proxy.address })
    await until('a transaction waits for its end', () => proxy.requests(Api.endTxn) > 0, 60_000)
    await until(
      'it has taken up what it can',
      async () => {
        const [before, beats] = [most, proxy.requests(Api.heartbeat)]
        await until('the group has heard of it twice', () => proxy.requests(Api.heartbeat) >= beats + 2)
        return most > 0 && most === before
      },
      60_000,
    )
    expect(most).toBeGreaterThan(8_000 * recordBytes)
    expect(most).toBeLessThan(bound(recordBytes))
    expect(bound(recordBytes)).toBeLessThan(EVENTS * recordBytes * 0.75)

    release()
    await weir().drained(120_000)
    expect(await weir().dump('clickstream.analytics')).toHaveLength(EVENTS)
  }, 240_000)

  /** Fills raw. Answers the size of a record in bytes. */
  async function backlog(): Promise<number> {
    const appender = await (await weir().kafka()).appender()
    const people = Array.from({ length: PEOPLE }, (_, at) => {
      const key = Buffer.from(`person-${at}`)
      const page = { url: 'https://shop.example/', path: '/', referrer: null, title: TITLE }
      return { key, value: weir().event(`person-${at}`, { page }), partition: partitionOf(key, PARTITIONS) }
    })
    for (let sent = 0; sent < EVENTS; sent += AT_ONCE) {
      const records = Array.from({ length: AT_ONCE }, (_, at) => people[at % PEOPLE] as (typeof people)[number])
      await appender.append(weir().topic('clickstream.raw'), records)
    }
    await appender.close()
    return (people[0]?.value.length ?? 0) + 80
  }
})
