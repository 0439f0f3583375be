/** What is wrong with the patterns of `routes`, or null. A `:name` stands for exactly one segment, never an empty one. */
export function routeFault(patterns: readonly string[]): { index: number; what: string; mend: string } | null {
  for (const [i, pattern] of patterns.entries()) {
    if (!/^\/$|^(\/(:[A-Za-z][A-Za-z0-9_]*|[A-Za-z0-9._~%@+=-]+))+$/.test(pattern)) {
      return {
        index: i,
        what: `"${pattern}" is no route pattern`,
        mend: 'Write segments after slashes, each a plain word or a colon and a name, such as /p/:sku',
      }
    }
    const earlier = patterns.slice(0, i).find((other) => covers(other, pattern))
    if (earlier !== undefined) {
      return {
        index: i,
        what: `"${pattern}" is never reached, since "${earlier}" before it matches all of its values`,
        mend: 'Put it first, or take it out',
      }
    }
  }
  return null
}

function covers(earlier: string, later: string): boolean {
  const a = earlier.split('/')
  const b = later.split('/')
  return a.length === b.length && a.every((segment, i) => segment === b[i] || (segment.startsWith(':') && b[i] !== ''))
}
