import type { LedgerDecision } from './consent-records.ts'

/** Devices linked to people: what was refused on a device must be in the ledger of whom it is linked to, and once. */

/** A refusal that the ledger must hold for a subject, because of a device. */
export interface Carried {
  readonly ref: string
  readonly kind: string
  /** Sorted; empty for everything. */
  readonly purposes: readonly string[]
  readonly decisionId: string
}

const SUBJECTS_AT_MOST = 8

interface Refusal {
  readonly kind: string
  readonly decisionId: string
}

/** The links of one device and the refusals that hold on it, decision by decision. */
export class DeviceLinks {
  readonly carried: Carried[] = []
  #subjects: string[] = []
  #everything: Refusal | null = null
  readonly #refused = new Map<string, Refusal>()

  get subjects(): readonly string[] {
    return this.#subjects
  }

  /** @param held status of each purpose after the decision, which is no repeat */
  follow(decision: LedgerDecision, held: ReadonlyMap<string, { readonly status: string }>): void {
    const { kind, decisionId, choices, linkedTo } = decision
    if (kind === 'withdraw' || kind === 'object') {
      const purposes = choices.map(({ purpose }) => purpose)
      for (const purpose of purposes.length === 0 ? held.keys() : purposes) this.#refused.set(purpose, decision)
      if (purposes.length === 0) this.#everything = { kind, decisionId }
      // What came from a device itself goes no further.
      if (decision.source !== 'link') for (const ref of this.#subjects) this.#carry(ref, decision, purposes)
    } else if (kind === 'erase' && choices.length === 0) {
      this.#everything = null
      this.#subjects = []
    } else if (kind === 'link' && linkedTo !== null && linkedTo !== decision.ref) {
      if (!this.#subjects.includes(linkedTo)) this.#carryAll(linkedTo)
      this.#subjects = [...this.#subjects.filter((ref) => ref !== linkedTo), linkedTo].slice(-SUBJECTS_AT_MOST)
    }
    for (const purpose of [...this.#refused.keys()]) {
      const status = held.get(purpose)?.status
      if (status !== 'withdrawn' && status !== 'objected') this.#refused.delete(purpose)
    }
  }

  #carryAll(ref: string): void {
    const everything = this.#everything
    if (everything !== null) this.#carry(ref, everything, [])
    const rest = [...this.#refused].filter(([, refusal]) => refusal.decisionId !== everything?.decisionId)
    for (const purposes of Map.groupBy(rest, ([, refusal]) => refusal.decisionId).values()) {
      const [first] = purposes
      if (first !== undefined)
        this.#carry(
          ref,
          first[1],
          purposes.map(([purpose]) => purpose),
        )
    }
  }

  #carry(ref: string, { kind, decisionId }: Refusal, purposes: readonly string[]): void {
    this.carried.push({ ref, kind, purposes: [...purposes].sort(), decisionId: mixed(decisionId, ref) })
  }
}

/**
 * Differences by ref, in words without ids: a refusal that was carried to nobody, in other words, more often than once,
 * or that no device gave.
 */
export function compareCarried(
  expected: readonly Carried[],
  decisions: readonly LedgerDecision[],
): Map<string, readonly string[]> {
  const wanted = new Map(expected.map((carried) => [`${carried.ref} ${carried.decisionId}`, carried]))
  const found = Map.groupBy(
    decisions.filter(({ source }) => source === 'link'),
    ({ ref, decisionId }) => `${ref} ${decisionId}`,
  )
  const differences = new Map<string, string[]>()
  const differs = (ref: string, what: string) => differences.set(ref, [...(differences.get(ref) ?? []), what])
  for (const [id, { ref, kind, purposes }] of wanted) {
    const records = found.get(id) ?? []
    // Linked, pushed out and linked again: carried again, each time in a transaction of its own.
    const times = expected.filter((one) => `${one.ref} ${one.decisionId}` === id).length
    if (records.length < times) differs(ref, 'a refusal on a device was not carried to its subject')
    if (records.length > times) differs(ref, 'a refusal on a device was carried to its subject more than once')
    for (const record of records) {
      const same =
        record.kind === kind &&
        record.choices
          .map(({ purpose }) => purpose)
          .sort()
          .join('\n') === purposes.join('\n')
      if (!same && times === 1) differs(ref, 'a refusal on a device was carried to its subject as another one')
    }
  }
  for (const [id, [record]] of found) {
    if (!wanted.has(id) && record !== undefined) differs(record.ref, 'a carried refusal that no linked device gave')
  }
  return differences
}

/** Decision id and ref, bit by bit the one or the other and not both. */
function mixed(decisionId: string, ref: string): string {
  const bits = BigInt(`0x${decisionId.replaceAll('-', '')}`) ^ BigInt(`0x${ref}`)
  return bits
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
