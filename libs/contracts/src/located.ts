import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { FileFaults } from './faults.ts'

/** YAML (or JSON, which it contains) as plain data that knows its lines. */
export type Located = LocatedMap | LocatedList | LocatedScalar

export interface LocatedMap {
  readonly kind: 'map'
  readonly line: number
  readonly entries: ReadonlyMap<string, LocatedEntry>
}

export interface LocatedEntry {
  /** Line of the key. */
  readonly line: number
  readonly value: Located
}

export interface LocatedList {
  readonly kind: 'list'
  readonly line: number
  readonly items: readonly Located[]
}

export interface LocatedScalar {
  readonly kind: 'scalar'
  readonly line: number
  readonly value: string | number | boolean | null
}

/**
 * Parses YAML 1.2. Faults of syntax are added to `faults`, and null comes back. Anchors, aliases and tags are refused:
 * a reviewer must see on a line all that it says.
 */
export function parseYaml(text: string, faults: FileFaults): Located | null {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false })
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line)
  const problems = [...document.errors, ...document.warnings]
  for (const problem of problems) {
    faults.add(lineAt(problem.pos[0]), 'WEIR_CONTRACT_SYNTAX', `not valid YAML: ${problem.message}`, 'Correct the line')
  }
  if (problems.length > 0) return null
  return locate(document.contents, 1, lineAt, faults)
}

function locate(node: unknown, lineOfParent: number, lineAt: (offset: number) => number, faults: FileFaults): Located {
  const line = lineOf(node, lineOfParent, lineAt)
  if (isMap(node)) {
    const entries = new Map<string, LocatedEntry>()
    for (const pair of node.items) {
      const keyLine = lineOf(pair.key, line, lineAt)
      const key = isScalar(pair.key) ? String(pair.key.value) : null
      if (key === null)
        faults.add(keyLine, 'WEIR_CONTRACT_SYNTAX', 'a key is not plain text', 'Write a plain word as the key')
      else entries.set(key, { line: keyLine, value: locate(pair.value, keyLine, lineAt, faults) })
    }
    return { kind: 'map', line, entries }
  }
  if (isSeq(node)) {
    return { kind: 'list', line, items: node.items.map((item) => locate(item, line, lineAt, faults)) }
  }
  if (isAlias(node)) {
    faults.add(line, 'WEIR_CONTRACT_SYNTAX', `the alias *${node.source} is not allowed here`, 'Write the value itself')
  }
  const value = isScalar(node) ? node.value : null
  return { kind: 'scalar', line, value: isPlain(value) ? value : null }
}

function lineOf(node: unknown, otherwise: number, lineAt: (offset: number) => number): number {
  const start = isNode(node) ? node.range?.[0] : undefined
  return start === undefined ? otherwise : lineAt(start)
}

function isNode(node: unknown): node is Node {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The line of what a pointer (keys and indexes from the root) leads to, or of the last step that exists. */
export function lineOfPointer(root: Located | null, pointer: readonly (string | number)[]): number {
  let at = root
  let line = root?.line ?? 1
  for (const step of pointer) {
    if (at?.kind === 'map' && typeof step === 'string') {
      const entry = at.entries.get(step)
      if (entry === undefined) return line
      line = entry.line
      at = entry.value
    } else if (at?.kind === 'list' && typeof step === 'number') {
      at = at.items[step] ?? null
      if (at === null) return line
      line = at.line
    } else return line
  }
  return line
}
