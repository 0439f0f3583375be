import { STRIPPED } from '@weir/consent'
import { type Output, pathText, type Stream } from '@weir/contracts'
import { fieldDomain, PseudonymMemory } from '@weir/pseudonym'
import {
  type BranchPart,
  type BranchWriter,
  compileLocator,
  compileTranscoder,
  type Locator,
  type Transcoder,
} from '@weir/transcoder'
import { LRUCache } from 'lru-cache'
import { FAULT } from './faults.ts'
import type { LeafField } from './leaf-pseudonyms.ts'
import type { RegistryReader } from './registry.ts'

/** How rows of one writer schema are read and written. */
export interface WriterSchema {
  readonly kind: 'usable'
  readonly locator: Locator
  readonly transcoder: Transcoder
  /** By the transcoder's field. */
  readonly fields: readonly LeafField[]
  /** By output, then by policy in force (ascending notices). */
  readonly granted: readonly (readonly BranchWriter[])[]
  /** By output; null where nothing is published without a grant. */
  readonly otherwise: readonly (BranchWriter | null)[]
}

export type KnownSchema = WriterSchema | { readonly kind: 'faulty'; readonly fault: number }

/** Ids are the producer's to choose, so what is remembered of wrong ones is bounded, and forgotten in time. */
const WRONG_IDS = 10_000
const WRONG_ID_TTL_MS = 30_000
const LOOKUPS_AT_ONCE = 16
/** Of each leaf that is pseudonymized: the sessions of that many people at once, in 2.6 MB. */
const REMEMBERED_VALUES = 2 ** 15

/** Writer schemas of raw events by registry id, compiled once. A schema id never changes its meaning, so no expiry. */
export class WriterSchemas {
  readonly #registry: RegistryReader
  readonly #stream: Stream
  readonly #rawSubject: string
  readonly #usable = new Map<number, KnownSchema>()
  readonly #memories = new Map<string, PseudonymMemory>()
  readonly #wrong = new LRUCache<number, KnownSchema>({ max: WRONG_IDS, ttl: WRONG_ID_TTL_MS })

  constructor(registry: RegistryReader, stream: Stream, rawSubject: string) {
    this.#registry = registry
    this.#stream = stream
    this.#rawSubject = rawSubject
  }

  get(id: number): KnownSchema | undefined {
    return this.#usable.get(id) ?? this.#wrong.get(id)
  }

  /**
   * Looks up ids not known yet. 'away' when the registry can't tell. Its "no such id" is believed only while it still
   * knows the contract's own raw schema: a registry that lost everything must hold the stream, not empty it into
   * quarantine.
   */
  async resolve(ids: Iterable<number>): Promise<'resolved' | 'away'> {
    const left = [...ids]
    let trusted: boolean | null = null
    while (left.length > 0) {
      const now = left.splice(0, LOOKUPS_AT_ONCE)
      const answers = await Promise.all(now.map((id) => this.#registry.schemaById(id)))
      for (const [at, answer] of answers.entries()) {
        const id = now[at] as number
        if (answer.kind === 'away') return 'away'
        if (answer.kind === 'found') {
          this.#usable.set(id, this.#compile(answer.schema))
          continue
        }
        trusted ??= (await this.#registry.knowsSubject(this.#rawSubject)) === 'yes'
        if (!trusted) return 'away'
        this.#wrong.set(id, { kind: 'faulty', fault: FAULT.unknownSchema })
      }
    }
    return 'resolved'
  }

  #compile(schema: unknown): KnownSchema {
    const { outputs, rawSchema } = this.#stream
    const locator = compileLocator(schema, this.#stream)
    if ('unusable' in locator) return { kind: 'faulty', fault: FAULT.unusableSchema }
    const transcoder = compileTranscoder(schema, outputs.flatMap(partsOf), rawSchema)
    // The writers come in the order of the parts.
    const writers = [...transcoder.branches]
    const byOutput = outputs.map(({ policies, otherwise }) => ({
      granted: writers.splice(0, policies.length),
      otherwise: otherwise === null ? null : (writers.shift() ?? null),
    }))
    return {
      kind: 'usable',
      locator,
      transcoder,
      fields: transcoder.fields.map((path) => this.#fieldOf(pathText(path))),
      granted: byOutput.map(({ granted }) => granted),
      otherwise: byOutput.map(({ otherwise }) => otherwise),
    }
  }

  /** Leaves of one path share what is remembered, whatever their writer schema. */
  #fieldOf(leaf: string): LeafField {
    const { name, subject } = this.#stream
    if (leaf === pathText(subject)) return null
    const memory = this.#memories.get(leaf) ?? new PseudonymMemory(fieldDomain(name, leaf), REMEMBERED_VALUES)
    this.#memories.set(leaf, memory)
    return memory
  }
}

/** The writer of the branch that was decided on: a policy's index, or STRIPPED. */
export function writerOf(schema: WriterSchema, output: number, decision: number): BranchWriter {
  const writer = decision === STRIPPED ? schema.otherwise[output] : schema.granted[output]?.[decision]
  if (!writer) throw new Error('the decision names a branch that the contract has')
  return writer
}

/** All branches that may decide over this output's records. */
function partsOf({ cleanSchema, policies, otherwise }: Output): BranchPart[] {
  const granted = policies.map(({ granted }) => ({ cleanSchema, branch: granted }))
  return otherwise === null ? granted : [...granted, { cleanSchema, branch: otherwise }]
}
