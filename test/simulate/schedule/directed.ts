import { consentPlots } from './directed-consent.ts'
import { transactionPlots } from './directed-transactions.ts'
import { DRAIN_MS, inOrder } from './draw.ts'
import { type Directed, Plot } from './plot.ts'
import type { ProcessName, Schedule } from './steps.ts'

const ONE_OF_EACH: readonly ProcessName[] = ['sanitizer-0', 'projector-0', 'consent-0']

const plots = { ...transactionPlots, ...consentPlots } satisfies Readonly<Record<string, Directed>>

export type DirectedName = keyof typeof plots
export const DIRECTED = Object.keys(plots) as readonly DirectedName[]

/** The hand-timed schedule of this name; a seed moves its moments a little. */
export function directed(name: DirectedName, seed = 0): Schedule {
  const { brokers = 1, running = ONE_OF_EACH, mayStop = false, replicaLagMs, healMs, plot }: Directed = plots[name]
  const { steps } = plotted(name, seed, plot)
  const ends = [
    { atMs: healMs, do: 'heal' },
    { atMs: healMs + DRAIN_MS, do: 'end' },
  ] as const
  const lag = replicaLagMs === undefined ? {} : { replicaLagMs }
  return { name: `${name} ${seed}`, brokers, ...lag, running, mayStop, steps: inOrder([...steps, ...ends]) }
}

function plotted(name: string, seed: number, write: Directed['plot']): Plot {
  const plot = new Plot(name, seed)
  write(plot)
  return plot
}
