import type { Stream } from '@weir/contracts'
import { compileLocator, compileRewriter, type Locator, type Rewriter } from '@weir/transcoder'
import { LRUCache } from 'lru-cache'
import { FAULT } from './faults.ts'
import type { RegistryReader } from './registry.ts'

/** How rows of one writer schema are read and rewritten. */
export interface WriterSchema {
  readonly kind: 'usable'
  readonly locator: Locator
  /** By output, then by policy in force (ascending notices). */
  readonly granted: readonly (readonly Rewriter[])[]
  /** By output; null where nothing is published without a grant. */
  readonly otherwise: readonly (Rewriter | null)[]
}

export type KnownSchema = WriterSchema | { readonly kind: 'faulty'; readonly fault: number }

/** Ids are the producer's to choose, so what is remembered of wrong ones is bounded, and forgotten in time. */
const WRONG_IDS = 10_000
const WRONG_ID_TTL_MS = 30_000
const LOOKUPS_AT_ONCE = 16

/** Writer schemas of raw events by registry id, compiled once. A schema id never changes its meaning, so no expiry. */
export class WriterSchemas {
  readonly #registry: RegistryReader
  readonly #stream: Stream
  readonly #rawSubject: string
  readonly #usable = new Map<number, KnownSchema>()
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
    const { subject, device, eventTime, ownSignals, outputs } = this.#stream
    const locator = compileLocator(schema, { subject, device, eventTime, ownSignals })
    if ('unusable' in locator) return { kind: 'faulty', fault: FAULT.unusableSchema }
    return {
      kind: 'usable',
      locator,
      granted: outputs.map((output) =>
        output.policies.map((policy) => compileRewriter(schema, output.cleanSchema, policy.granted)),
      ),
      otherwise: outputs.map(({ cleanSchema, otherwise }) =>
        otherwise === null ? null : compileRewriter(schema, cleanSchema, otherwise),
      ),
    }
  }
}
