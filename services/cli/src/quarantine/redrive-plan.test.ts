import { expect, test } from 'vitest'
import { oldestToRedrive } from './redrive-plan.ts'

const DAY = 86_400_000
const NOW = 1_700_000_000_000

/** A cluster of brokers that remember offsets for so many minutes, and a quarantine topic of this retention. */
function oldest(retentionMs: string | undefined, ...minutes: readonly (string | undefined)[]) {
  const topicConfig = async () => (retentionMs === undefined ? {} : { 'retention.ms': retentionMs })
  const brokers = minutes.map((one, id) => [id, one === undefined ? {} : { 'offsets.retention.minutes': one }] as const)
  const admin = {
    topicConfig,
    brokerConfigs: async (): Promise<Map<number, Record<string, string>>> => new Map(brokers),
  }
  return oldestToRedrive({ admin }, 'q', NOW)
}

test('Nothing is redriven that is older than quarantine keeps records, less an hour', async () => {
  expect(NOW - (await oldest(String(3 * DAY), '10080'))).toBe(3 * DAY - 3_600_000)
})

test('Nor what is older than the broker remembers a group without members, also where quarantine is for ever', async () => {
  expect(NOW - (await oldest(String(30 * DAY), '10080', '2880'))).toBe(2 * DAY - 3_600_000)
  expect(NOW - (await oldest('-1', '10080'))).toBe(7 * DAY - 3_600_000)
  expect(NOW - (await oldest(undefined, '10080'))).toBe(7 * DAY - 3_600_000)
})

test('A cluster that does not tell how long it remembers is refused', async () => {
  await expect(oldest('1000', '10080', undefined)).rejects.toThrow('does not tell')
  await expect(oldest('1000')).rejects.toThrow('does not tell')
})
