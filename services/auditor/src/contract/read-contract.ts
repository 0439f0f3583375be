import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { type Node, type RecordNode, readSchema, simpleName } from '../avro/node.ts'
import { EvidenceError } from '../evidence.ts'
import type { Branch, Contract, LeafIs, Line, Needed, Output, Stream } from './contract.ts'
import { ANY_KEY, ITEMS, type Path, pathText, readPaths } from './path.ts'
import { readVerb } from './verb.ts'

/** @throws EvidenceError when the folder holds no contract that can be read */
export function readContract(folder: string): Contract {
  try {
    const purposes = readPurposes(folder)
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => readdirSync(resolve(folder, name)).includes('event.avsc'))
    return { streams: new Map(names.map((name) => [name, readStream(folder, name, purposes)])) }
  } catch (error) {
    if (error instanceof EvidenceError) throw error
    throw new EvidenceError(
      `the contract folder ${folder} can't be read: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

interface Leaf {
  readonly path: Path
  readonly tags: readonly string[]
}

function readStream(folder: string, name: string, purposes: ReadonlyMap<string, Needed>): Stream {
  const schema = readSchema(JSON.parse(readFileSync(resolve(folder, name, 'event.avsc'), 'utf8')))
  if (schema.kind !== 'record') throw new EvidenceError(`the raw schema of ${name} is no record`)
  const leaves = leavesOf(schema)
  const tagged = (tag: string) => leaves.filter((leaf) => leaf.tags.includes(tag)).map(({ path }) => path)
  const [subject] = tagged('subject')
  const [eventTime] = tagged('event-time')
  if (subject === undefined || eventTime === undefined)
    throw new EvidenceError(`the raw schema of ${name} tags no subject or no event time`)
  return {
    name,
    schema,
    subject,
    device: tagged('device')[0] ?? null,
    eventTime,
    ownSignals: tagged('own-signal'),
    outputs: readOutputs(folder, name, leaves, purposes),
  }
}

interface PolicyFile {
  readonly purpose: string
  readonly notice: number
  readonly to: string
  readonly needs?: readonly string[]
  readonly events?: Readonly<Record<string, unknown>>
  readonly granted: Readonly<Record<string, string>>
  readonly only?: readonly Readonly<Record<string, unknown>>[]
  readonly otherwise?: Readonly<Record<string, string>> | null
  readonly sensitive?: { readonly by: string; readonly values: string; readonly needs: string }
}

function readOutputs(
  folder: string,
  stream: string,
  leaves: readonly Leaf[],
  purposes: ReadonlyMap<string, Needed>,
): Map<string, Output> {
  const files = readdirSync(resolve(folder, stream))
    .filter((name) => /\.\d+\.yaml$/.test(name))
    .map((name) => parse(readFileSync(resolve(folder, stream, name), 'utf8')) as PolicyFile)
  const order = new Map(leaves.map(({ path }, i) => [pathText(path), i]))
  const branches = new Branches(folder, order)
  const needed = (name: string): Needed => {
    const found = purposes.get(name)
    if (found === undefined) throw new EvidenceError(`a policy needs ${name}, which is no purpose`)
    return found
  }
  const outputs = new Map<string, Output>()
  for (const [purpose, own] of Map.groupBy(files, (file) => file.purpose)) {
    const policies = own.sort((a, b) => a.notice - b.notice)
    const newest = policies.at(-1) as PolicyFile
    const sensitive = policies.find((policy) => policy.sensitive !== undefined)?.sensitive
    outputs.set(purpose, {
      ...needed(purpose),
      to: newest.to,
      policies: policies.map((file) => ({ notice: file.notice, granted: branches.of(file, file.granted, true) })),
      otherwise: newest.otherwise ? branches.of(newest, newest.otherwise, false) : null,
      needs: (newest.needs ?? []).map(needed),
      sensitiveNeeds: sensitive === undefined ? null : needed(sensitive.needs),
    })
  }
  return outputs
}

class Branches {
  readonly #folder: string
  readonly #order: ReadonlyMap<string, number>

  constructor(folder: string, order: ReadonlyMap<string, number>) {
    this.#folder = folder
    this.#order = order
  }

  of(file: PolicyFile, lines: Readonly<Record<string, string>>, withOnly: boolean): Branch {
    const only = withOnly ? (file.only ?? []) : []
    const { sensitive } = file
    return {
      lines: this.#lines(lines),
      events: conditions(file.events ?? {}),
      only: only.map(({ when, ...rest }) => ({
        when: conditions(when as Readonly<Record<string, unknown>>),
        lines: this.#lines(rest as Readonly<Record<string, string>>),
      })),
      sensitive:
        sensitive === undefined
          ? null
          : { by: readPaths(sensitive.by)[0] ?? [], values: readList(this.#folder, sensitive.values) },
    }
  }

  /** In the order of the raw schema; keys of a map in that of the policy. */
  #lines(lines: Readonly<Record<string, string>>): Line[] {
    const list = (file: string) => readList(this.#folder, file)
    return Object.entries(lines)
      .map(([text, verb]) => ({ paths: readPaths(text), verb: readVerb(verb, list) }))
      .map((line) => ({ ...line, at: this.#order.get(rawText(line.paths[0] ?? [])) ?? -1 }))
      .sort((a, b) => a.at - b.at)
      .flatMap(({ paths, verb }) => paths.map((path) => ({ path, verb })))
  }
}

function rawText(path: Path): string {
  return pathText(path.map((step) => (step.startsWith('{') ? ANY_KEY : step)))
}

function conditions(map: Readonly<Record<string, unknown>>): LeafIs[] {
  return Object.entries(map).map(([path, value]) => ({
    path: readPaths(path)[0] ?? [],
    constants: (Array.isArray(value) ? value : [value]) as (string | number | boolean)[],
  }))
}

function readPurposes(folder: string): Map<string, Needed> {
  const file = parse(readFileSync(resolve(folder, 'purposes.yaml'), 'utf8')) as Record<string, Record<string, unknown>>
  return new Map(
    Object.entries(file).map(([purpose, one]) => [
      purpose,
      { purpose, basis: String(one['basis']), gpcDenies: one['gpc'] === 'denies' },
    ]),
  )
}

function readList(folder: string, file: string): Set<string> {
  const lines = readFileSync(resolve(folder, file), 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  return new Set(lines.filter((line) => line.trim() !== '' && line !== '#' && !line.startsWith('# ')))
}

/** In the order of the schema, which ends where a type contains itself. */
function leavesOf(root: RecordNode): Leaf[] {
  const walk = (node: Node, path: Path, tags: readonly string[], inside: readonly Node[]): Leaf[] => {
    if (inside.includes(node)) return []
    switch (node.kind) {
      case 'record':
        return node.fields.flatMap((field) =>
          walk(field.type, [...path, field.name], [...tags, ...field.tags], [...inside, node]),
        )
      case 'array':
        return walk(node.items, [...path, ITEMS], tags, inside)
      case 'map':
        return walk(node.values, [...path, ANY_KEY], tags, inside)
      case 'union': {
        const others = node.branches.filter(({ kind }) => kind !== 'null')
        if (others.length === 1) return walk(others[0] as Node, path, tags, inside)
        return others.flatMap((branch) => walk(branch, [...path, `<${simpleName(branch)}>`], tags, inside))
      }
      default:
        return [{ path, tags }]
    }
  }
  return walk(root, [], [], [])
}
