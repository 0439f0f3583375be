import type { OffsetRange } from '@weir/quarantine'
import { z } from 'zod'

/** What one redrive takes of a stream's quarantine topic. */
export interface Redrive {
  readonly stream: string
  /** Records that were quarantined for this reason. */
  readonly code: string
  /** And that raw took at or after this time (Unix ms). */
  readonly sinceMs: number
  /** Where each partition ends: after the last record that is taken. Where it begins, its group's committed offsets say. */
  readonly ranges: readonly Pick<OffsetRange, 'partition' | 'to'>[]
}

const offset = z.int().min(0)
const shape = z.strictObject({
  stream: z.string(),
  code: z.string().min(1),
  sinceMs: z.int(),
  ranges: z.array(z.strictObject({ partition: offset, to: offset })),
})

/** From JSON. @throws ZodError, SyntaxError: whoever starts this process is a program */
export function redriveOf(text: string | undefined): Redrive {
  return shape.parse(JSON.parse(text ?? ''))
}
