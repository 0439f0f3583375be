import type { Path, RawLeaf } from './model.ts'

/** A path as people write it: `products[].sku`, `flags{risk,channel}`, `action<View>.dwell`. */
export function pathText(path: Path): string {
  return path.map((step, i) => (i === 0 || isSpecial(step) ? step : `.${step}`)).join('')
}

/** A policy's path as the raw schema knows it: without the keys of maps. */
export function rawPath(path: Path): Path {
  return path.map((step) => (step.startsWith('{') ? ANY_KEY : step))
}

/** The raw leaf that a policy's path names. */
export function leafAt(leaves: readonly RawLeaf[], path: Path): RawLeaf | null {
  const wanted = pathText(rawPath(path))
  return leaves.find((leaf) => pathText(leaf.path) === wanted) ?? null
}

export const EACH = '[]'
export const ANY_KEY = '{}'

/** The keys of a step such as `{risk,channel}`; null for other steps. */
export function keysOf(step: string): readonly string[] | null {
  return step.startsWith('{') ? step.slice(1, -1).split(',') : null
}

/** The branch of a step such as `<View>`; null for other steps. */
export function branchName(step: string): string | null {
  return step.startsWith('<') ? step.slice(1, -1) : null
}

/** Whether a step is no field name. */
export function isSpecial(step: string): boolean {
  return /^[[{<]/.test(step)
}

/** Why a text is no path. `offset` is where in the text. */
export interface PathFault {
  readonly offset: number
  readonly what: string
  readonly mend: string
}

const STEP = /\[\]|\{[^{}]*\}|<[^<>]*>|\.?[A-Za-z_][A-Za-z0-9_]*/y

/** Reads a path. Blanks around keys and names of branches do not count. */
export function parsePath(text: string): Path | PathFault {
  const steps: string[] = []
  let offset = 0
  while (offset < text.length) {
    STEP.lastIndex = offset
    const step = STEP.exec(text)?.[0]
    if (step === undefined || (steps.length === 0) !== /^\w/.test(step)) return strayText(text, offset)
    const read = readStep(step)
    if (typeof read !== 'string') return { offset, ...read }
    steps.push(read)
    offset += step.length
  }
  return steps.length === 0 ? strayText(text, 0) : steps
}

function readStep(step: string): string | Omit<PathFault, 'offset'> {
  if (step.startsWith('.')) return step.slice(1)
  if (step.startsWith('<')) {
    const name = step.slice(1, -1).trim()
    return name === '' ? { what: `"${step}" names no branch`, mend: 'Write it, such as <View>' } : `<${name}>`
  }
  if (!step.startsWith('{')) return step
  const keys = step
    .slice(1, -1)
    .split(',')
    .map((key) => key.trim())
  if (keys.includes('')) {
    return {
      what: `"${step}" leaves keys open, and only keys that are named pass`,
      mend: 'Write them, such as {risk,channel}',
    }
  }
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  return twice === undefined ? `{${keys.join(',')}}` : { what: `"${step}" names ${twice} twice`, mend: 'Take one out' }
}

function strayText(text: string, offset: number): PathFault {
  const rest = text.slice(offset)
  const what = rest === '' ? 'a path is empty' : `"${text}" is no path: something is wrong at "${rest}"`
  return {
    offset,
    what,
    mend: 'Write field names with dots, such as page.path, items[].sku, flags{a,b} or action<View>.dwell',
  }
}

/** Each key by itself: `flags{a,b}` gives `flags{a}` and `flags{b}`, so that two paths can be compared. */
export function singlePaths(path: Path): Path[] {
  return path.reduce<Path[]>(
    (paths, step) => {
      const steps = keysOf(step)?.map((key) => `{${key}}`) ?? [step]
      return paths.flatMap((before) => steps.map((one) => [...before, one]))
    },
    [[]],
  )
}
