import { describe, expect, it } from 'vitest'
import { runInterrupted } from '../replay/interrupted.ts'
import { ownStack } from '../support/faults-stack.ts'

const EVENTS = 20_000
const RATE = 2_000
const LIMIT_MS = 240_000

/** The short form of `node test/replay/main.ts`. */
describe('a replay that is interrupted by Ctrl-C, kill -9 and a restart of the broker', () => {
  const stack = ownStack()

  it('gives what one gives that is not interrupted', { timeout: LIMIT_MS }, async () => {
    const said: string[] = []
    const { whole, cut } = await runInterrupted({
      stack: stack(),
      events: EVENTS,
      rate: RATE,
      say: (line) => said.push(line),
    })
    expect([...whole.keys()]).toEqual(['personalization', 'analytics', 'marketing'])
    expect(whole.get('personalization')?.count).toBe(EVENTS)
    for (const [purpose, once] of whole) expect(cut.get(purpose)?.toJSON(), said.join('\n')).toEqual(once.toJSON())
  })
})
