import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { EvidenceError } from './evidence.ts'

/** The contract's files, read a second time and as simply as they can be: the loader's checks are not repeated here. */

export type Verb =
  | { readonly kind: 'keep' | 'pseudonymize' | 'hour' | 'day' }
  | { readonly kind: 'routes'; readonly patterns: readonly string[] }
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }

/** Dotted path of a leaf -> what becomes of it. */
export type Branch = ReadonlyMap<string, Verb>

export interface CheckedOutput {
  readonly purpose: string
  readonly basis: string
  readonly gpcDenies: boolean
  /** Without namespace. */
  readonly topic: string
  /** Ascending by notice. */
  readonly policies: readonly { readonly notice: number; readonly granted: Branch }[]
  readonly otherwise: Branch | null
}

export interface CheckedStream {
  readonly name: string
  /** Without namespace. */
  readonly rawTopic: string
  readonly quarantineTopic: string
  readonly rawSchema: unknown
  /** Dotted paths. */
  readonly subject: string
  readonly device: string | null
  readonly eventTime: string
  readonly ownSignals: readonly string[]
  readonly leaves: readonly CheckedLeaf[]
  readonly outputs: readonly CheckedOutput[]
}

export interface CheckedLeaf {
  readonly path: string
  readonly tags: readonly string[]
}

export function readContract(folder: string, stream: string): CheckedStream {
  const rawSchema: unknown = JSON.parse(readFileSync(resolve(folder, stream, 'event.avsc'), 'utf8'))
  const leaves = leavesOf(rawSchema as AvroRecord, '')
  const tagged = (tag: string) => leaves.filter((leaf) => leaf.tags.includes(tag)).map((leaf) => leaf.path)
  const [subject] = tagged('subject')
  const [eventTime] = tagged('event-time')
  if (subject === undefined || eventTime === undefined)
    throw new EvidenceError('the raw schema tags no subject or no time')
  return {
    name: stream,
    rawTopic: `${stream}.raw`,
    quarantineTopic: `${stream}.quarantine`,
    rawSchema,
    subject,
    device: tagged('device')[0] ?? null,
    eventTime,
    ownSignals: tagged('own-signal'),
    leaves,
    outputs: readOutputs(folder, stream),
  }
}

interface PolicyFile {
  readonly purpose: string
  readonly notice: number
  readonly to: string
  readonly granted: Readonly<Record<string, string>>
  readonly otherwise?: Readonly<Record<string, string>>
}

function readOutputs(folder: string, stream: string): CheckedOutput[] {
  const purposes = readPurposes(folder)
  const files = readdirSync(resolve(folder, stream)).filter((name) => /^[^.]+\.\d+\.yaml$/.test(name))
  const policies = files.map((name) => parse(readFileSync(resolve(folder, stream, name), 'utf8')) as PolicyFile)
  const outputs: CheckedOutput[] = []
  for (const [purpose, { basis, gpcDenies }] of purposes) {
    const own = policies.filter((policy) => policy.purpose === purpose).sort((a, b) => a.notice - b.notice)
    const newest = own.at(-1)
    if (newest === undefined) continue
    const branch = (lines: Readonly<Record<string, string>>) => readBranch(lines, folder)
    outputs.push({
      purpose,
      basis,
      gpcDenies,
      topic: newest.to,
      policies: own.map(({ notice, granted }) => ({ notice, granted: branch(granted) })),
      otherwise: newest.otherwise === undefined || newest.otherwise === null ? null : branch(newest.otherwise),
    })
  }
  return outputs
}

function readPurposes(folder: string): Map<string, { basis: string; gpcDenies: boolean }> {
  const file = parse(readFileSync(resolve(folder, 'purposes.yaml'), 'utf8')) as Record<string, Record<string, unknown>>
  const entries = Object.entries(file)
  return new Map(
    entries.map(([name, one]) => [name, { basis: String(one['basis']), gpcDenies: one['gpc'] === 'denies' }]),
  )
}

function readBranch(lines: Readonly<Record<string, string>>, folder: string): Branch {
  return new Map(Object.entries(lines).map(([path, verb]) => [path, readVerb(verb, folder)]))
}

function readVerb(text: string, folder: string): Verb {
  const [, kind = '', inside = ''] = /^(\w+)(?:\((.*)\))?$/.exec(text.trim()) ?? []
  switch (kind) {
    case 'keep':
    case 'pseudonymize':
    case 'hour':
    case 'day':
      return { kind }
    case 'routes':
      return { kind, patterns: inside.split(',').map((pattern) => pattern.trim()) }
    case 'in':
      return { kind, values: readList(inside.trim(), folder) }
    default:
      throw new EvidenceError(`a policy has a verb that the checker does not know: ${text}`)
  }
}

function readList(file: string, folder: string): Set<string> {
  const lines = readFileSync(resolve(folder, file), 'utf8').split(/\r?\n/)
  return new Set(lines.filter((line) => line.trim() !== '' && line !== '#' && !line.startsWith('# ')))
}

interface AvroRecord {
  readonly fields: readonly {
    readonly name: string
    readonly type: unknown
    readonly 'confluent:tags'?: readonly string[]
  }[]
}

function leavesOf(record: AvroRecord, prefix: string): CheckedLeaf[] {
  return record.fields.flatMap((field) => {
    const path = prefix + field.name
    const branches: unknown[] = Array.isArray(field.type) ? field.type : [field.type]
    const type = branches.find((branch) => branch !== 'null')
    const inner = typeof type === 'object' && type !== null ? (type as Record<string, unknown>) : {}
    if (inner['type'] === 'record') return leavesOf(type as AvroRecord, `${path}.`)
    const innerTags = (inner['confluent:tags'] ?? []) as readonly string[]
    return [{ path, tags: [...(field['confluent:tags'] ?? []), ...innerTags] }]
  })
}
