import { describe, expect, it } from 'vitest'
import { state } from '../fixtures/fakes.ts'
import { ChangedSince } from './changed.ts'

describe('what changed since the base', () => {
  it('drops what the base has passed and nothing else', () => {
    const changed = new ChangedSince(10, 100)
    changed.put('a', { end: 11, state: state(1) })
    changed.put('b', { end: 12, state: state(2) })
    changed.put('a', { end: 14, state: state(3) })
    changed.moveBase(12)
    expect(changed.base).toBe(12)
    expect(changed.get('b')).toBeUndefined()
    expect(changed.get('a')?.end).toBe(14)
    changed.moveBase(14)
    expect(changed.size).toBe(0)
  })

  it('never moves the base back', () => {
    const changed = new ChangedSince(10, 100)
    changed.moveBase(5)
    expect(changed.base).toBe(10)
  })

  it('stays bounded: too many changes move the base behind them all', () => {
    const changed = new ChangedSince(0, 3)
    for (let i = 0; i < 3; i++) expect(changed.put(`k${i}`, { end: i + 1, state: state(i) })).toBe(false)
    expect(changed.put('k3', { end: 4, state: state(3) })).toBe(true)
    expect(changed.size).toBe(0)
    expect(changed.base).toBe(4)
  })
})
