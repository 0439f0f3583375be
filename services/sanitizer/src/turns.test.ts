import { describe, expect, it } from 'vitest'
import { Turns } from './turns.ts'

describe('turns', () => {
  it('are taken one at a time, in the order in which they were asked for', async () => {
    const turns = new Turns()
    const acts: string[] = []
    const first = Promise.withResolvers<void>()
    const taken = [
      turns.take(async () => {
        acts.push('first begins')
        await first.promise
        acts.push('first ends')
      }),
      turns.take(async () => void acts.push('second')),
      turns.take(async () => void acts.push('third')),
    ]
    await new Promise((resolve) => setImmediate(resolve))
    expect(acts).toEqual(['first begins'])
    first.resolve()
    await Promise.all(taken)
    expect(acts).toEqual(['first begins', 'first ends', 'second', 'third'])
  })

  it('answer what was done in them', async () => {
    expect(await new Turns().take(async () => 7)).toBe(7)
  })

  it('that fail reject for who asked, and the next one comes all the same', async () => {
    const turns = new Turns()
    const failing = turns.take(async () => {
      throw new Error('planted')
    })
    const next = turns.take(async () => 'next')
    await expect(failing).rejects.toThrow('planted')
    expect(await next).toBe('next')
  })
})
