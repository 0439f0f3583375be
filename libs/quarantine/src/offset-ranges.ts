/** Offsets of one partition of the quarantine topic: from the first to before `to`. */
export interface OffsetRange {
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** Offsets of one partition that follow each other become one range. */
export function rangesOfOffsets(
  records: readonly { readonly partition: number; readonly offset: number }[],
): OffsetRange[] {
  const sorted = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  const ranges: { partition: number; from: number; to: number }[] = []
  for (const { partition, offset } of sorted) {
    const last = ranges.at(-1)
    if (last?.partition === partition && offset <= last.to) last.to = offset + 1
    else ranges.push({ partition, from: offset, to: offset + 1 })
  }
  return ranges
}
