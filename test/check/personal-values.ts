import type { CheckedStream, Verb } from './contract-files.ts'
import { at, type GoodRow } from './raw-rows.ts'

/** Values of one leaf that must be found nowhere behind the sanitizer. */
export interface PersonalLeaf {
  readonly path: string
  readonly values: readonly Buffer[]
  /** Distinct values there are; more than are searched where some are too short, or there are very many. */
  readonly distinct: number
  /** Tagged as personal in the raw schema, so that there must be values to search for. */
  readonly personal: boolean
}

/** Shorter values would be found by chance, so they are not searched. */
const LEAST_BYTES = 8

/** Beyond so many distinct values of a leaf an even sample of them is searched. */
const MOST_VALUES = 20_000

const PERSONAL_TAGS = ['PII', 'identifier']

/**
 * All values of all leaves that no branch of any policy lets through as they are. A value that a policy's own text
 * holds (a route, a listed search) is left out, since it may stand in a clean topic for another reason.
 */
export function personalValues(rows: readonly GoodRow[], stream: CheckedStream): PersonalLeaf[] {
  const branches = stream.outputs.flatMap((output) => [
    ...output.policies.map((one) => one.granted),
    output.otherwise ?? new Map(),
  ])
  return stream.leaves.flatMap(({ path, tags }) => {
    const verbs = branches.map((branch) => branch.get(path)).filter((verb): verb is Verb => verb !== undefined)
    if (verbs.some((verb) => verb.kind === 'keep')) return []
    const allowed = new Set(verbs.flatMap(allowedTexts))
    const texts = new Set<string>()
    for (const row of rows) for (const text of textsOf(at(row.event, path))) texts.add(text)
    const values = [...texts].filter((text) => !allowed.has(text)).map((text) => Buffer.from(text, 'latin1'))
    const searched = sample(values.filter((value) => value.length >= LEAST_BYTES))
    return [
      { path, values: searched, distinct: values.length, personal: tags.some((tag) => PERSONAL_TAGS.includes(tag)) },
    ]
  })
}

function sample(values: readonly Buffer[]): Buffer[] {
  const step = Math.max(1, values.length / MOST_VALUES)
  return Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[Math.floor(i * step)] as Buffer)
}

function allowedTexts(verb: Verb): string[] {
  if (verb.kind === 'routes') return verb.patterns.map(latin1)
  if (verb.kind === 'in') return [...verb.values].map(latin1)
  return []
}

/** The bytes that Avro writes for a value, as text of one character a byte. Flags and times tell nobody apart. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [latin1(value)]
  if (typeof value === 'number' && !Number.isInteger(value)) {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return [bytes.toString('latin1')]
  }
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsOf)
  return []
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
