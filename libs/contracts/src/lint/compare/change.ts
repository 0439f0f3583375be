import type { Path } from '../../model.ts'
import type { Order } from './verb-order.ts'

/** What a change is about. `leaf` is a line of a policy; `steering` the leaves of event.avsc
 * that steer decisions; the others are named for their key in a file. */
export type ChangeAbout =
  | 'leaf'
  | 'events'
  | 'sensitive'
  | 'needs'
  | 'retention'
  | 'recipients'
  | 'to'
  | 'steering'
  | 'gpc'
  | 'basis'
  | 'grantLasts'
  | 'words'

/** One difference between what was shown and what is. Never `same`. */
export interface Change {
  readonly about: ChangeAbout
  readonly order: Exclude<Order, 'same'>
  /** The leaf as a policy writes it, where the change is about one. */
  readonly path: Path | null
  /** Plain words, without a final full stop. */
  readonly text: string
}

/** Collects differences; those that are none are left out. */
export class Changes {
  readonly list: Change[] = []

  add(about: ChangeAbout, order: Order, text: string, path: Path | null = null): void {
    if (order !== 'same') this.list.push({ about, order, path, text })
  }
}
