import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

/** Half of it is over before the sanitizer looks a second time. The broker itself looks at ages every few minutes only. */
const RETENTION_MS = 8_000

describe('the retention of raw', () => {
  const weir = sharedWeir()

  it('is told of by the sanitizer when records have waited for half of it, before they are deleted', async () => {
    const raw = weir().topic('clickstream.raw')
    const { admin } = await weir().kafka()
    await admin.ensureTopics([{ topic: raw, partitions: 2, config: { 'retention.ms': String(RETENTION_MS) } }])
    await weir().service('projector').stop('SIGKILL')
    // It reads the setting at its start, and then every few minutes; and has no proof of fresh consent from now on.
    await weir().service('sanitizer').stop()
    weir().start('sanitizer')
    await weir().publish([{ key: 'anna', value: weir().event('anna') }])
    await until('it says so', () => weir().log('sanitizer').includes('raise its retention.ms'))
    expect(await ready()).toMatchObject({ status: 503 })

    await weir().start('projector').ready()
    await weir().drained()
    await until('it is well again', async () => (await ready()).status === 200)
    expect(await weir().dump('clickstream.analytics')).toHaveLength(1)
  }, 120_000)

  const ready = async () => fetch(`${await weir().service('sanitizer').url('ops')}/readyz`)
})
