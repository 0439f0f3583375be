import { encodeText } from '../encode.ts'
import { type LeafWriter, writeEncoded } from './leaf-writer.ts'
import { textStart } from './text.ts'

const OTHER_ROUTE = encodeText('(other)')
const SLASH = 0x2f
const QUERY = 0x3f
const FRAGMENT = 0x23

interface Route {
  readonly encoded: Buffer
  /** By segment: its bytes; null for `:name`, which is any that is not empty. */
  readonly segments: readonly (Buffer | null)[]
}

/** `routeOf` on bytes: the first pattern that fits letter for letter, up to `?` or `#`, else "(other)". */
export function routing(patterns: readonly string[]): LeafWriter {
  const routes = patterns.filter(isReachable).map(routeOf)
  const longest = Math.max(OTHER_ROUTE.length, ...routes.map(({ encoded }) => encoded.length))
  return {
    growth: longest + 1,
    write(from, start, end, out, at) {
      const path = textStart(from, start)
      const pathEnd = endOfPath(from, path, end)
      for (const { encoded, segments } of routes) {
        if (matches(segments, from, path, pathEnd)) return writeEncoded(encoded, out, at)
      }
      return writeEncoded(OTHER_ROUTE, out, at)
    },
  }
}

/** Text that is not well-formed is met by no path, since paths are UTF-8. */
function isReachable(pattern: string): boolean {
  return pattern.split('/').every((segment) => segment.startsWith(':') || segment.isWellFormed())
}

function routeOf(pattern: string): Route {
  const segments = pattern.split('/').map((segment) => (segment.startsWith(':') ? null : Buffer.from(segment)))
  return { encoded: encodeText(pattern), segments }
}

function endOfPath(from: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && from[at] !== QUERY && from[at] !== FRAGMENT) at++
  return at
}

function matches(segments: readonly (Buffer | null)[], from: Uint8Array, start: number, end: number): boolean {
  let at = start
  for (let i = 0; i < segments.length; i++) {
    // Between two segments stands a slash.
    if (i > 0 && (at >= end || from[at++] !== SLASH)) return false
    const segment = segments[i] as Buffer | null
    const segmentStart = at
    if (segment === null) {
      while (at < end && from[at] !== SLASH) at++
      if (at === segmentStart) return false
    } else {
      for (let j = 0; j < segment.length; j++) if (at >= end || from[at++] !== segment[j]) return false
    }
  }
  return at === end
}
