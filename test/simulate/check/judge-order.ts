import { SETTING } from '../load/setting.ts'
import { decodeClean } from './forms.ts'
import type { Row } from './rows.ts'
import type { Seen, Violation } from './seen.ts'

/** Records of one key lie in one partition, and follow each other there as their raw records do. */
export function judgeOrder(seen: Seen, rows: readonly Row[]): Violation[] {
  const offsets = new Map(rows.map(({ row, offset }) => [row, offset]))
  const violations: Violation[] = []
  for (const purpose of SETTING.purposes) {
    const keyed = (seen.clean[purpose] ?? []).filter(({ key }) => key !== null)
    for (const [key, records] of Map.groupBy(keyed, (record) => record.key?.toString())) {
      const told = (words: string) => violations.push({ kind: 'disorder', words: `${purpose}, key ${key}: ${words}` })
      if (new Set(records.map(({ partition }) => partition)).size > 1) told('in more than one partition')
      let last = -1
      for (const record of [...records].sort((a, b) => a.offset - b.offset)) {
        const row = decodeClean(purpose, record.value)?.['row'] as number | undefined
        const offset = offsets.get(row ?? -1) ?? last
        if (offset < last) told(`row ${row} (raw offset ${offset}) comes after raw offset ${last}`)
        last = Math.max(last, offset)
      }
    }
  }
  return violations
}
