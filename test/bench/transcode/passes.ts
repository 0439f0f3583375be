import { createHmac } from 'node:crypto'
import type { Stream } from '@weir/contracts'
import {
  type BranchPart,
  ByteSink,
  compileLocator,
  compileTranscoder,
  Marks,
  newLocated,
  type Pseudonymizer,
} from '@weir/transcoder'
import { compileRewriter } from '@weir/transcoder/reference'
import avro from 'avsc'
import type { Frame } from '../w1/frame.ts'
import type { Pass } from './measure.ts'
import type { GrantPseudonyms, Grants } from './subjects.ts'

/** As many events as the sanitizer's chunks have: marks and output are used again after each. */
export const CHUNK = 8_000

export function locating(stream: Stream, frame: Frame): Pass {
  const locator = compileLocator(stream.rawSchema, stream)
  if ('unusable' in locator) throw new Error(locator.unusable)
  const located = newLocated()
  return {
    events: frame.count,
    run() {
      for (let i = 0; i < frame.count; i++) {
        const fault = locator.locate(frame.bytes, frame.starts[i] as number, frame.ends[i] as number, located)
        if (fault !== 0) throw new Error(`event ${i} is refused: ${fault}`)
      }
    },
  }
}

/** The first half of rewriting alone. */
export function reading(stream: Stream, parts: readonly BranchPart[], frame: Frame): Pass {
  const transcoder = compileTranscoder(stream.rawSchema, parts)
  const marks = new Marks()
  return {
    events: frame.count,
    run() {
      for (let i = 0; i < frame.count; i++) {
        if (i % CHUNK === 0) marks.clear()
        transcoder.read(frame.bytes, frame.starts[i] as number, frame.ends[i] as number, marks)
      }
    },
  }
}

/** Read once, then each purpose in turn, into one buffer: what the sanitizer does, but for the order and the batches. */
export function rewriting(
  stream: Stream,
  parts: readonly BranchPart[],
  frame: Frame,
  grants: Grants,
  people: GrantPseudonyms | null,
): Pass {
  const transcoder = compileTranscoder(stream.rawSchema, parts)
  if (transcoder.branches.some(({ usable }) => !usable)) throw new Error('a branch of W1 is not usable')
  const marks = new Marks()
  const sink = new ByteSink(CHUNK * 512)
  return {
    events: frame.count,
    run() {
      for (let first = 0; first < frame.count; first += CHUNK) {
        const end = Math.min(frame.count, first + CHUNK)
        marks.clear()
        for (let i = first; i < end; i++) {
          if (transcoder.read(frame.bytes, frame.starts[i] as number, frame.ends[i] as number, marks) < 0) {
            throw new Error(`event ${i} is refused`)
          }
        }
        for (const branch of transcoder.branches) {
          sink.at = 0
          for (let i = first; i < end; i++) branch.write(marks, i - first, sink, pseudonymizer(people, grants, i), true)
        }
      }
    },
  }
}

/**
 * The same over all chunks of a long frame, one after the other. Each is first brought into one buffer, as a fetch does
 * it, so that what is measured is not the memory behind a frame larger than any cache.
 */
export function rewritingOnwards(
  stream: Stream,
  parts: readonly BranchPart[],
  long: Frame,
  grants: Grants,
  people: GrantPseudonyms,
): Pass {
  const fetched = {
    bytes: Buffer.alloc(CHUNK * 1_024),
    starts: new Int32Array(CHUNK),
    ends: new Int32Array(CHUNK),
    count: CHUNK,
  }
  const here = { ...grants, person: new Int32Array(CHUNK) }
  let first = 0
  return {
    ...rewriting(stream, parts, fetched, here, people),
    prepare() {
      if (first + CHUNK > long.count) first = 0
      const from = long.starts[first] as number
      long.bytes.copy(fetched.bytes, 0, from, long.ends[first + CHUNK - 1])
      for (let i = 0; i < CHUNK; i++) {
        fetched.starts[i] = (long.starts[first + i] as number) - from
        fetched.ends[i] = (long.ends[first + i] as number) - from
        here.person[i] = grants.person[first + i] as number
      }
      first += CHUNK
    },
  }
}

function pseudonymizer(people: GrantPseudonyms | null, grants: Grants, event: number): Pseudonymizer | null {
  return people === null ? null : people.of(grants, grants.person[event] as number)
}

/** avsc's decode alone, as its documentation has it. */
export function decoding(stream: Stream, frame: Frame): Pass {
  const type = avro.Type.forSchema(stream.rawSchema as avro.Schema)
  return {
    events: frame.count,
    run() {
      for (let i = 0; i < frame.count; i++) type.decode(frame.bytes, frame.starts[i] as number)
    },
  }
}

/** Decode, filter, encode; pseudonyms as they are defined, by node:crypto. */
export function referencing(stream: Stream, parts: readonly BranchPart[], frame: Frame): Pass {
  const rewriters = parts.map(({ cleanSchema, branch }) => compileRewriter(stream.rawSchema, cleanSchema, branch))
  return {
    events: frame.count,
    run() {
      for (let i = 0; i < frame.count; i++) {
        for (const rewriter of rewriters) {
          rewriter.rewrite(
            frame.bytes,
            frame.starts[i] as number,
            frame.ends[i] as number,
            (path, value) => defined(`${stream.name}/${path.join('.')}\0`, value),
            true,
          )
        }
      }
    },
  }
}

const ANY_KEY = Buffer.alloc(32, 9)

function defined(domain: string, value: Uint8Array): string {
  return `1.${createHmac('sha256', ANY_KEY).update(domain).update(value).digest('hex').slice(0, 32)}`
}
