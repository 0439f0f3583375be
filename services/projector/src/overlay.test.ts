import type { ConsentState, SubjectRef } from '@weir/consent'
import { describe, expect, it } from 'vitest'
import { ref } from '../fixtures/fakes.ts'
import { Overlay } from './overlay.ts'

const ANN = ref(1)
const at = (position: number): ConsentState => ({ position, purposes: {}, recent: [] })
const writes = (position: number): ReadonlyMap<SubjectRef, ConsentState> => new Map([[ANN, at(position)]])

describe('own writes', () => {
  it('count while their transaction is open, and are gone when it aborts', () => {
    const overlay = new Overlay()
    overlay.begin(writes(5))
    expect(overlay.get(ANN)?.position).toBe(5)
    overlay.aborted()
    expect(overlay.get(ANN)).toBeUndefined()
  })

  it('are followed by the earlier committed ones again when a later transaction aborts', () => {
    const overlay = new Overlay()
    overlay.begin(writes(5))
    overlay.committed()
    overlay.begin(writes(6))
    overlay.aborted()
    expect(overlay.get(ANN)?.position).toBe(5)
  })

  it('stay after the commit until the tail has passed them', () => {
    const overlay = new Overlay()
    overlay.begin(writes(5))
    overlay.committed()
    overlay.passed(ANN, 4)
    expect(overlay.get(ANN)?.position).toBe(5)
    overlay.passed(ANN, 5)
    expect(overlay.get(ANN)).toBeUndefined()
    expect(overlay.size).toBe(0)
  })

  it('don’t stay when the tail brought them before the commit was answered', () => {
    const overlay = new Overlay()
    overlay.begin(writes(5))
    overlay.passed(ANN, 5)
    overlay.committed()
    expect(overlay.size).toBe(0)
  })
})
