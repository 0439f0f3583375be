import type { DumpedRecord } from './evidence.ts'
import type { Form } from './rewriting.ts'

/** A record of a clean topic. */
export interface Found {
  readonly record: DumpedRecord
  taken: boolean
}

const HOUR_MS = 3_600_000

/** The records of a clean topic as a multiset: each can be taken once, by a form it equals byte for byte. */
export class FoundRecords {
  readonly all: readonly Found[]
  /** Key and value -> timestamp -> records that nothing took yet. */
  readonly #groups = new Map<string, Map<number, Found[]>>()
  readonly #dumpedAtMs: number

  constructor(records: readonly DumpedRecord[], dumpedAtMs: number) {
    this.#dumpedAtMs = dumpedAtMs
    this.all = records.map((record) => ({ record, taken: false }))
    for (const found of this.all) {
      // No clean record has headers, so one with headers equals no form.
      if (found.record.headers.length > 0) continue
      const name = fingerprint(found.record.key, found.record.value)
      const group = this.#groups.get(name) ?? new Map<number, Found[]>()
      this.#groups.set(name, group)
      const same = group.get(found.record.timestampMs)
      if (same === undefined) group.set(found.record.timestampMs, [found])
      else same.push(found)
    }
  }

  /** Takes one equal record that nothing took yet; null when there is none. */
  take(form: Form, appendTimeMs: number): Found | null {
    const group = this.#groups.get(fingerprint(form.key, form.value))
    if (group === undefined) return null
    const found = form.timestampMs === null ? this.#ofSomeHour(group, appendTimeMs) : group.get(form.timestampMs)?.pop()
    if (found === undefined) return null
    found.taken = true
    return found
  }

  #ofSomeHour(group: ReadonlyMap<number, Found[]>, appendTimeMs: number): Found | undefined {
    for (const [timestampMs, same] of group) {
      if (same.length > 0 && isProcessingHour(timestampMs, appendTimeMs, this.#dumpedAtMs)) return same.pop()
    }
    return undefined
  }
}

/** Where a branch does not show the time, the timestamp is the hour in which the record was processed. */
export function isProcessingHour(timestampMs: number, appendTimeMs: number, dumpedAtMs: number): boolean {
  const earliest = Math.floor(appendTimeMs / HOUR_MS) * HOUR_MS
  return timestampMs % HOUR_MS === 0 && timestampMs >= earliest && timestampMs <= dumpedAtMs
}

/** Key and value as one text: a map of Buffers would compare by identity. */
function fingerprint(key: Buffer | null, value: Buffer | null): string {
  return `${key === null ? '-' : key.toString('latin1')}|${value === null ? '-' : value.toString('latin1')}`
}
