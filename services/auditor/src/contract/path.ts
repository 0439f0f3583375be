/** Steps of a path: `name`, `[]` into an array, `{key}` into a map, `<View>` into a union. */
export type Path = readonly string[]

export const ITEMS = '[]'
export const ANY_KEY = '{}'

/** Reads a policy's path, once for each key that it names: `flags{a,b}` gives `flags{a}` and `flags{b}`. */
export function readPaths(text: string): Path[] {
  const steps = text.match(/\[\]|\{[^{}]*\}|<[^<>]*>|[^.[{<]+/g) ?? []
  return steps.reduce<string[][]>(
    (paths, step) => {
      const ways = step.startsWith('{')
        ? keysIn(step).map((key) => `{${key}}`)
        : [step.startsWith('<') ? `<${step.slice(1, -1).trim()}>` : step.trim()]
      return paths.flatMap((path) => ways.map((way) => [...path, way]))
    },
    [[]],
  )
}

function keysIn(step: string): string[] {
  return step
    .slice(1, -1)
    .split(',')
    .map((key) => key.trim())
}

export function pathText(path: Path): string {
  return path.map((step, i) => (i === 0 || /^[[{<]/.test(step) ? step : `.${step}`)).join('')
}

export function keyOf(step: string): string | null {
  return step.startsWith('{') ? step.slice(1, -1) : null
}

export function branchName(step: string): string | null {
  return step.startsWith('<') ? step.slice(1, -1) : null
}
