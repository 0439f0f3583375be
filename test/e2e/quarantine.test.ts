import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'

describe('quarantine', () => {
  const weir = sharedWeir({ rawPartitions: 1 })

  it('takes a flood of bad records and the largest one, and the stream goes on', async () => {
    const flood = Array.from({ length: 3_000 }, () => ({ key: 'x', value: weir().event('x').subarray(0, 50) }))
    const largest = { key: 'x', value: Buffer.alloc(900_000, 1) }
    await weir().publish([...flood, largest, { key: 'x', value: weir().event('x') }])
    await weir().drained()
    expect(await weir().dump('clickstream.quarantine')).toHaveLength(3_001)
    expect(await weir().clean('personalization')).toHaveLength(1)
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'is not needed for events compressed with %s',
    async (compression) => {
      const before = (await weir().clean('personalization')).length
      await weir().publish([{ key: 'x', value: weir().event('x') }], { compression })
      await weir().drained()
      expect(await weir().clean('personalization')).toHaveLength(before + 1)
      expect(await weir().dump('clickstream.quarantine')).toHaveLength(3_001)
    },
  )
})
