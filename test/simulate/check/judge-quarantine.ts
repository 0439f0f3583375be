import type { Rows } from './rows.ts'
import type { Seen, SeenRecord, Violation } from './seen.ts'
import type { RawRanges } from './transactions.ts'

/** Each raw record that can't be read is in quarantine, once, and nothing else is. */
export function judgeQuarantine(seen: Seen, { bad }: Rows, ranges: RawRanges): Violation[] {
  const violations: Violation[] = []
  const found = Map.groupBy(seen.quarantine, rawPlaceOf)
  for (const record of bad) {
    const place = `${record.partition}/${record.offset}`
    const times = found.get(place)?.length ?? 0
    found.delete(place)
    if (times > 1) violations.push({ kind: 'repeated', words: `raw ${place} is in quarantine ${times} times` })
    if (times === 0 && ranges.of(record) !== undefined) {
      violations.push({ kind: 'lost', words: `raw ${place} can't be read, and is not in quarantine` })
    }
  }
  for (const place of found.keys()) {
    violations.push({ kind: 'wrong quarantine', words: `raw ${place} is in quarantine, and can be read` })
  }
  for (const { offset, partition, key, value } of seen.quarantine) {
    if (key === null && !value?.includes('secret of ')) continue
    violations.push({ kind: 'leak', words: `quarantine ${partition}/${offset} shows what it must seal` })
  }
  return violations
}

function rawPlaceOf({ headers }: SeenRecord): string {
  return `${headers['__connect.errors.partition']}/${headers['__connect.errors.offset']}`
}
