import { expect, test } from 'vitest'
import { offsetsRememberedMs } from './offsets-remembered.ts'

const remembered = (...minutes: readonly string[]) =>
  offsetsRememberedMs({
    brokerConfigs: async () => new Map(minutes.map((one, id) => [id, { 'offsets.retention.minutes': one }])),
  })

test('A cluster remembers offsets for as long as its most forgetful broker', async () => {
  expect(await remembered('10080', '60')).toBe(3_600_000)
  await expect(remembered()).rejects.toMatchObject({ exitCode: 5 })
})
