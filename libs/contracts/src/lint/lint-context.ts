import type { Spot } from '../located.ts'
import type { BranchLeaf, Contracts, Output, Path, RawLeaf, Stream } from '../model.ts'
import { leafAt, pathText, rawPath } from '../path.ts'
import { type EventPart, eventTree } from './event-tree.ts'
import type { Finding, LintRule, Severity } from './finding.ts'
import { type FilePointer, Places } from './places.ts'

/** Versions of a schema that are registered for a topic, oldest first. */
export type Registered = ReadonlyMap<string, readonly { readonly name: string; readonly schema: unknown }[]>

/** What rules work with: a contract that loads, its texts, and a place to report to. */
export class LintContext {
  readonly contracts: Contracts
  readonly places: Places
  /** The contract as it stood before; null when there is nothing to compare with. */
  readonly against: Contracts | null
  readonly registered: Registered
  readonly findings: Finding[] = []
  readonly #trees = new Map<string, Map<string, EventPart>>()

  constructor(
    contracts: Contracts,
    files: ReadonlyMap<string, string>,
    against: Contracts | null,
    registered: Registered,
  ) {
    this.contracts = contracts
    this.places = new Places(files)
    this.against = against
    this.registered = registered
  }

  report(rule: LintRule, severity: Severity, file: string, at: Spot, what: string, mend: string): void {
    const { line, column } = at
    const known = this.findings.some(
      (one) => one.rule === rule && one.file === file && one.line === line && one.what === what,
    )
    if (!known) this.findings.push({ rule, severity, file, line, column, what, mend })
  }

  /** The parts of a stream's raw schema, by path as text. */
  tree(stream: Stream): Map<string, EventPart> {
    const known = this.#trees.get(stream.name)
    if (known !== undefined) return known
    const tree = eventTree(stream.rawSchema)
    this.#trees.set(stream.name, tree)
    return tree
  }

  /** The part of the raw schema that a path of a policy leads to. */
  part(stream: Stream, path: Path): EventPart | null {
    return this.tree(stream).get(pathText(rawPath(path))) ?? null
  }

  /** Where a leaf's field stands in event.avsc, or something inside the field. */
  schemaSpot(stream: Stream, path: Path, inside: FilePointer = []): Spot {
    const part = this.part(stream, path)
    return this.places.of(eventFile(stream), part === null ? [] : [...part.pointer, ...inside])
  }
}

export function eventFile(stream: Stream): string {
  return `${stream.name}/event.avsc`
}

/** One line of a policy and all that belongs to it. */
export interface Line {
  readonly stream: Stream
  readonly output: Output
  readonly file: string
  readonly section: 'granted' | 'otherwise'
  readonly raw: RawLeaf
  readonly leaf: BranchLeaf
}

/** All lines of an output: of each file's `granted` and of the newest one's `otherwise`, `only` included. */
export function linesOf(stream: Stream, output: Output): Line[] {
  const newest = output.policies.at(-1)?.file
  const branches = [
    ...output.policies.map(({ file, granted }) => ({ file, section: 'granted' as const, branch: granted })),
    ...(output.otherwise === null || newest === undefined
      ? []
      : [{ file: newest, section: 'otherwise' as const, branch: output.otherwise }]),
  ]
  return branches.flatMap(({ file, section, branch }) =>
    [...branch.leaves, ...branch.only.flatMap((one) => one.leaves)].flatMap((leaf) => {
      const raw = leafAt(stream.leaves, leaf.path)
      return raw === null ? [] : [{ stream, output, file, section, raw, leaf }]
    }),
  )
}

/** All lines of all policies. */
export function allLines(contracts: Contracts): Line[] {
  return contracts.streams.flatMap((stream) => stream.outputs.flatMap((output) => linesOf(stream, output)))
}
