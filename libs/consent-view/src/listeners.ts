import type { ConsentState } from '@weir/consent'
import type { ConsentView } from './port.ts'

export type StateListener = Parameters<ConsentView['onState']>[0]
export type TickListener = Parameters<ConsentView['onTick']>[0]

/** Those who are told of each record of the tail. */
export interface Listeners {
  readonly state: StateListener
  readonly tick: TickListener
  /** The tail starts over: called before anything that it brings from then on. */
  readonly restart: () => void
  /** A partition has a new leader: called before the records that this one sent. */
  readonly newLeader: (partition: number) => void
  onState(listener: StateListener): () => void
  onTick(listener: TickListener): () => void
  onRestart(listener: () => void): () => void
  onNewLeader(listener: (partition: number) => void): () => void
}

export function makeListeners(): Listeners {
  const states = new Set<StateListener>()
  const ticks = new Set<TickListener>()
  const restarts = new Set<() => void>()
  const newLeaders = new Set<(partition: number) => void>()
  return {
    state: (ref: string, state: ConsentState, partition, offset) => {
      for (const listener of states) guarded(() => listener(ref, state, partition, offset))
    },
    tick: (tick, partition, offset) => {
      for (const listener of ticks) guarded(() => listener(tick, partition, offset))
    },
    restart: () => {
      for (const listener of restarts) guarded(listener)
    },
    newLeader: (partition) => {
      for (const listener of newLeaders) guarded(() => listener(partition))
    },
    onState: (listener) => added(states, listener),
    onTick: (listener) => added(ticks, listener),
    onRestart: (listener) => added(restarts, listener),
    onNewLeader: (listener) => added(newLeaders, listener),
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
