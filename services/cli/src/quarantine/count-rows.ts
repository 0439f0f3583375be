import type { Rows } from '@weir/kafka'
import { labelOf } from '@weir/quarantine'
import type { Redriven } from './redriven.ts'
import type { Tally } from './tally.ts'

/** What counts as the reason of a record that tells none: it was not written by Weir. */
const NO_LABEL = '(not told)'

/** Counts those quarantined since a time (Unix ms). */
export async function countRows(rows: Rows, tally: Tally, redriven: Redriven, sinceMs: number): Promise<void> {
  for (let row = 0; row < rows.count; row++) {
    const atMs = rows.timestampMs[row] as number
    // Several sanitizers write to one partition, each by its own clock: an older record may follow.
    if (atMs < sinceMs) continue
    const label = labelOf(rows, row)
    const behind = label === null ? [] : await redriven.positions(label.code)
    tally.add({
      code: label?.code ?? NO_LABEL,
      rawPartition: label?.rawPartition ?? -1,
      atMs,
      isRedriven: (rows.offset[row] as number) < (behind[rows.partition[row] as number] ?? 0),
    })
  }
}
