import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { FileFaults } from './faults.ts'

/** A place in a text: line and column, both from 1; columns in UTF-16 code units, as editors count them. */
export interface Spot {
  readonly line: number
  readonly column: number
}

/** For what is said of a file as a whole. */
export const FILE_START: Spot = { line: 1, column: 1 }

/** YAML (or JSON, which it contains) as plain data that knows its places. */
export type Located = LocatedMap | LocatedList | LocatedScalar

export interface LocatedMap extends Spot {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, LocatedEntry>
}

/** The place is that of the key. */
export interface LocatedEntry extends Spot {
  readonly value: Located
}

export interface LocatedList extends Spot {
  readonly kind: 'list'
  readonly items: readonly Located[]
}

export interface LocatedScalar extends Spot {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** Written without quotes on one line, so that a place inside the value is a place in the text. */
  readonly plain: boolean
}

/**
 * Parses YAML 1.2. Faults of syntax are added to `faults`, and null comes back. Anchors, aliases and tags are refused:
 * a reviewer must see on a line all that it says.
 */
export function parseYaml(text: string, faults: FileFaults): Located | null {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false })
  const spotAt = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset)
    return line < 1 ? FILE_START : { line, column: col }
  }
  const problems = [...document.errors, ...document.warnings]
  // After the first fault of syntax the parser guesses, and what it says of the rest only distracts.
  const first = problems.find((problem) => problem.code !== 'DUPLICATE_KEY')
  for (const problem of problems.filter((one) => one === first || one.code === 'DUPLICATE_KEY')) {
    faults.add(spotAt(problem.pos[0]), 'WEIR_CONTRACT_SYNTAX', `not valid YAML: ${problem.message}`, mendOf(problem))
  }
  if (problems.length > 0) return null
  return locate(document.contents, FILE_START, spotAt, faults)
}

/** Paths with `[]` and `{…}` are plain words in a block, yet not between brackets: the commonest slip of syntax here. */
function mendOf({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'DUPLICATE_KEY') return 'Take one of the two lines out'
  if (!message.includes('flow')) return 'Correct the line'
  return 'Close the bracket, and inside of { } or [ ] put a path such as "items[].sku" in quotes'
}

type SpotAt = (offset: number) => Spot

function locate(node: unknown, around: Spot, spotAt: SpotAt, faults: FileFaults): Located {
  const spot = spotOf(node, around, spotAt)
  if (isMap(node)) {
    const entries = new Map<string, LocatedEntry>()
    for (const pair of node.items) {
      const keySpot = spotOf(pair.key, spot, spotAt)
      const key = isScalar(pair.key) ? String(pair.key.value) : null
      if (key === null)
        faults.add(keySpot, 'WEIR_CONTRACT_SYNTAX', 'a key is not plain text', 'Write a plain word as the key')
      else entries.set(key, { ...keySpot, value: locate(pair.value, keySpot, spotAt, faults) })
    }
    return { kind: 'map', ...spot, entries }
  }
  if (isSeq(node)) {
    return { kind: 'list', ...spot, items: node.items.map((item) => locate(item, spot, spotAt, faults)) }
  }
  if (isAlias(node)) {
    faults.add(spot, 'WEIR_CONTRACT_SYNTAX', `the alias *${node.source} is not allowed here`, 'Write the value itself')
  }
  const value = isScalar(node) ? node.value : null
  const length = isScalar(node) && node.range ? node.range[1] - node.range[0] : 0
  const plain = isScalar(node) && node.type === 'PLAIN' && typeof value === 'string' && value.length === length
  return { kind: 'scalar', ...spot, value: isPlain(value) ? value : null, plain }
}

function spotOf(node: unknown, otherwise: Spot, spotAt: SpotAt): Spot {
  // What is left empty has a range of no length, wherever the parser noticed that nothing comes: its key says more.
  if (!isNode(node) || !node.range || (isScalar(node) && node.source === '' && node.type === 'PLAIN')) return otherwise
  return spotAt(node.range[0])
}

function isNode(node: unknown): node is Node {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The place of a character inside a scalar, where it can be told; else that of the scalar. */
export function spotInside(scalar: LocatedScalar, offset: number): Spot {
  return scalar.plain ? { line: scalar.line, column: scalar.column + offset } : scalar
}

/** The place of what a pointer (keys and indexes from the root) leads to, or of the last step that exists. */
export function spotOfPointer(root: Located | null, pointer: readonly (string | number)[]): Spot {
  let at = root
  let spot: Spot = root ?? FILE_START
  for (const step of pointer) {
    if (at?.kind === 'map' && typeof step === 'string') {
      const entry = at.entries.get(step)
      if (entry === undefined) return spot
      spot = entry
      at = entry.value
    } else if (at?.kind === 'list' && typeof step === 'number') {
      at = at.items[step] ?? null
      if (at === null) return spot
      spot = at
    } else return spot
  }
  return spot
}
