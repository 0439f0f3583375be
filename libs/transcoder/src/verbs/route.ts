/** What a path becomes that matches no pattern. */
const OTHER_ROUTE = '(other)'

/**
 * The first pattern that the path matches, itself, like OpenTelemetry's `http.route`: the value never shows. Segments
 * match letter for letter, `:name` matches one segment that is not empty. From the first `?` or `#` on nothing is
 * considered.
 */
export function routeOf(path: string, patterns: readonly string[]): string {
  const segments = path.split(/[?#]/, 1)[0]?.split('/') ?? []
  return patterns.find((pattern) => matches(segments, pattern.split('/'))) ?? OTHER_ROUTE
}

function matches(segments: readonly string[], pattern: readonly string[]): boolean {
  return (
    segments.length === pattern.length &&
    pattern.every((expected, i) => (expected.startsWith(':') ? segments[i] !== '' : segments[i] === expected))
  )
}
