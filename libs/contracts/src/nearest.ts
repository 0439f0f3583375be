/** The candidate most like `word`, or null when none is like it. Case does not count. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Like `nearest`, for paths: `sku` finds `product.sku`, since a forgotten container is the commonest slip. */
export function nearestPath(path: string, paths: readonly string[]): string | null {
  return nearest(path, paths) ?? paths.find((known) => lastName(known) === lastName(path)) ?? byLastName(path, paths)
}

function byLastName(path: string, paths: readonly string[]): string | null {
  const name = nearest(lastName(path), paths.map(lastName))
  return paths.find((known) => lastName(known) === name) ?? null
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
