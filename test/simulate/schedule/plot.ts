import { Random } from '../../workload/random.ts'
import { type PurposeName, SETTING } from '../load/setting.ts'
import type { ApiName, Decide, ProcessName, Step, Who } from './steps.ts'

/** A failure that random schedules meet too seldom, and the moments at which it shows. */
export interface Directed {
  /** As in Schedule. */
  readonly replicaLagMs?: number
  readonly brokers?: 1 | 3
  /** Default: one of each service. */
  readonly running?: readonly ProcessName[]
  readonly mayStop?: boolean
  /** When all faults are over. */
  readonly healMs: number
  readonly plot: (plot: Plot) => void
}

type Do<T extends Step['do']> = Extract<Step, { readonly do: T }>
/** Without its moment. */
type What<T> = T extends unknown ? Omit<T, 'atMs' | 'do'> : never

/** A schedule that is written by hand: steps are added by what they are about, in any order. */
export class Plot {
  readonly steps: Step[] = []
  readonly random: Random
  #rows = 0

  constructor(name: string, seed: number) {
    this.random = new Random(`directed ${name} ${seed}`)
  }

  /** Everybody agrees to everything, under the newest notices. */
  agreed(atMs = 50): void {
    for (const [user] of SETTING.users.entries()) this.grant(atMs, { user }, [...SETTING.purposes])
  }

  grant(atMs: number, who: Who, purposes: readonly PurposeName[], more: Partial<Decide> = {}): void {
    const notices = purposes.map((purpose) => Math.max(...SETTING.notices[purpose]))
    this.#decide(atMs, { kind: 'grant', who, purposes, notices, ...more })
  }

  withdraw(atMs: number, who: Who, purposes: readonly PurposeName[], more: Partial<Decide> = {}): void {
    this.#decide(atMs, { kind: 'withdraw', who, purposes, notices: purposes.map(() => 0), ...more })
  }

  link(atMs: number, device: number, linkedTo: number): void {
    this.#decide(atMs, { kind: 'link', who: { device }, linkedTo, purposes: [], notices: [] })
  }

  #decide(atMs: number, what: Pick<Decide, 'kind' | 'who' | 'purposes' | 'notices'> & Partial<Decide>): void {
    this.steps.push({ atMs, do: 'decide', id: this.random.uuid(), lastsMs: null, basedOn: 'now', ...what })
  }

  event(atMs: number, user: number, device: number | null = null): void {
    this.steps.push({ atMs, do: 'event', row: this.#rows++, user, device, ageMs: 0, bad: false })
  }

  /** One after the other of these users does something. */
  events(fromMs: number, toMs: number, everyMs: number, users: readonly number[] = [0, 1, 2]): void {
    let i = 0
    for (let atMs = fromMs; atMs < toMs; atMs += everyMs) this.event(atMs, users[i++ % users.length] ?? 0)
  }

  fault(atMs: number, fault: What<Do<'kafka'>>): void {
    this.steps.push({ atMs, do: 'kafka', ...fault })
  }

  late(atMs: number, process: ProcessName, api: ApiName, delayMs: number): void {
    this.fault(atMs, { fault: 'next', api, process, fate: { delayMs } })
  }

  lost(atMs: number, process: ProcessName, api: ApiName, lose: 'request' | 'answer'): void {
    this.fault(atMs, { fault: 'next', api, process, fate: { lose } })
  }

  process(atMs: number, what: 'pause' | 'resume' | 'kill' | 'stop' | 'start', process: ProcessName): void {
    this.steps.push({ atMs, do: what, process })
  }

  redis(atMs: number, fault: Do<'redis'>['fault']): void {
    this.steps.push({ atMs, do: 'redis', fault })
  }

  /** A moment within `spreadMs` after `atMs`. */
  about(atMs: number, spreadMs: number): number {
    return atMs + this.random.below(spreadMs)
  }
}
