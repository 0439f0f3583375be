import { afterAll, describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { weirCli } from '../support/weir-cli.ts'

describe('settings that a promise stands on', () => {
  const weir = sharedWeir({}, [])
  afterAll(() => setStamp('LogAppendTime'))

  it('as set-up makes them are well; the doctor states the bound by the broker’s real settings', async () => {
    const { exit, out, said } = await weirCli(['doctor', '--json'], weir().env)
    expect({ exit, said }).toEqual({ exit: 0, said: '' })
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const { bound, refused } = lines.at(-1) as { bound: Record<string, number>; refused: number }
    expect(refused).toBe(0)
    // The stack's broker sweeps every second.
    expect(bound).toEqual({
      transactionTimeoutMs: 5_000,
      sweepMs: 1_000,
      commitsWithinMs: 6_000,
      visibleWithinMs: 7_000,
    })
  })

  it('that break one are named with what they break and the mend, by the doctor and by services, which don’t start', async () => {
    await setStamp('CreateTime')
    const state = weir().topic('consent.state')
    const { exit, out } = await weirCli(['doctor'], weir().env)
    expect(exit).toBe(10)
    for (const part of [
      state,
      'message.timestamp.type is CreateTime',
      '--add-config message.timestamp.type=LogAppend',
    ]) {
      expect(out).toContain(part)
    }
    expect(out).toContain('Services refuse to start.')

    for (const name of ['projector', 'sanitizer', 'consent'] as const) {
      await expect(weir().start(name).ready()).rejects.toThrow(/ended with exit code 1/)
      const log = weir().log(name)
      expect(log).toContain('WEIR_UNSAFE_SETTINGS')
      expect(log).toContain(`${state}: message.timestamp.type is CreateTime`)
    }
  })

  it('can’t be told where no broker answers: exit code 4', async () => {
    const { exit, said } = await weirCli(['doctor'], { ...weir().env, KAFKA_BROKERS: '127.0.0.1:1' })
    expect(exit).toBe(4)
    expect(said).toContain('Kafka can’t be looked at')
  })

  async function setStamp(type: string): Promise<void> {
    const { admin } = await weir().kafka()
    const config = { 'message.timestamp.type': type }
    await admin.ensureTopics([{ topic: weir().topic('consent.state'), partitions: 16, config }])
  }
})
