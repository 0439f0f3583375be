import { partitionOf } from '../partition.ts'
import { foldAll, type Holding, type Version } from './fold.ts'
import type { Decision, RecordedState } from './ledger.ts'

export interface Salt {
  readonly salt: string
  readonly epoch: number
}

/** What held for whom at which ledger position, and the salts that are still known. */
export class Consent {
  readonly #decisions: ReadonlyMap<string, readonly Decision[]>
  readonly #versions = new Map<string, readonly Version[]>()
  readonly #salts = new Map<string, Salt>()
  readonly #partitions: number
  /** Whose a salt is. */
  readonly #owners = new Map<string, string>()
  /** States with a salt that was another grant's: its pseudonyms would come back, or join. */
  readonly revived = new Set<RecordedState>()

  constructor(
    decisions: ReadonlyMap<string, readonly Decision[]>,
    states: ReadonlyMap<string, readonly RecordedState[]>,
    partitions: number,
  ) {
    this.#decisions = decisions
    this.#partitions = partitions
    for (const [ref, list] of states) for (const state of list) this.#take(ref, state)
  }

  /** Partition of a ref in ledger and state. */
  partitionOf(ref: string): number {
    return partitionOf(Buffer.from(ref, 'hex'), this.#partitions)
  }

  /** What held when all decisions below the position were folded, and no others. */
  at(ref: string, position: number): Version | null {
    return this.history(ref).findLast((version) => version.position <= position) ?? null
  }

  history(ref: string): readonly Version[] {
    const known = this.#versions.get(ref)
    if (known !== undefined) return known
    const made = foldAll(this.#decisions.get(ref) ?? [])
    this.#versions.set(ref, made)
    return made
  }

  /** Null when no record of consent.state has it any more. */
  saltOf(ref: string, purpose: string, { grant }: Holding): Salt | null {
    return this.#salts.get(`${ref} ${purpose} ${grant}`) ?? null
  }

  /** Salts are drawn at random, so they are taken from what was published; whose they are says our own fold. */
  #take(ref: string, state: RecordedState): void {
    const { position, salts } = state
    if (salts.length === 0) return
    const version = this.at(ref, position)
    for (const { purpose, salt, epoch } of salts) {
      const holding = version?.purposes.get(purpose)
      if (holding?.status !== 'granted') continue
      const owner = `${ref} ${purpose} ${holding.grant}`
      if ((this.#owners.get(salt) ?? owner) !== owner) this.revived.add(state)
      this.#owners.set(salt, owner)
      this.#salts.set(owner, { salt, epoch })
    }
  }
}
