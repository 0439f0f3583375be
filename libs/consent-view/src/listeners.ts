import type { ConsentState } from '@weir/consent'
import type { ConsentView } from './port.ts'

export type StateListener = Parameters<ConsentView['onState']>[0]
export type TickListener = Parameters<ConsentView['onTick']>[0]

/** Those who are told of each record of the tail. */
export interface Listeners {
  readonly state: StateListener
  readonly tick: TickListener
  onState(listener: StateListener): () => void
  onTick(listener: TickListener): () => void
}

export function makeListeners(): Listeners {
  const states = new Set<StateListener>()
  const ticks = new Set<TickListener>()
  return {
    state: (ref: string, state: ConsentState, partition, offset) => {
      for (const listener of states) guarded(() => listener(ref, state, partition, offset))
    },
    tick: (tick, partition, offset) => {
      for (const listener of ticks) guarded(() => listener(tick, partition, offset))
    },
    onState: (listener) => added(states, listener),
    onTick: (listener) => added(ticks, listener),
  }
}

function added<L>(all: Set<L>, listener: L): () => void {
  all.add(listener)
  return () => void all.delete(listener)
}

/** A listener that throws is a bug: it ends the process, not the tail. */
function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
