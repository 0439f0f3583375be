/** A contract as data: what may pass, for whom, how. Made by `loadContracts` from the folder WEIR_CONTRACTS. */

export interface Contracts {
  readonly folder: string
  readonly purposes: readonly Purpose[]
  readonly streams: readonly Stream[]
}

/** One entry of purposes.yaml. */
export interface Purpose {
  readonly name: string
  /** Plain words, shown to the data subject. */
  readonly title: string
  readonly summary: string
  /** What the person gains. */
  readonly benefit: string
  readonly basis: 'consent' | 'legitimate-interest'
  /** W3C DPV term and IAB TCF purpose ids; either may be absent. */
  readonly dpv: string | null
  readonly tcf: readonly number[]
  /** What a Global Privacy Control signal on an event does. */
  readonly gpc: 'denies' | 'ignored'
  /** How long a grant lasts, in milliseconds; null: until withdrawn. */
  readonly grantLastsMs: number | null
  /** Current notice. */
  readonly notice: number
}

export interface Stream {
  readonly name: string
  readonly rawTopic: string
  readonly quarantineTopic: string
  /** The raw Avro schema as parsed JSON, tags and docs included. */
  readonly rawSchema: unknown
  /** Paths of leaves by steering tag. */
  readonly subject: Path
  readonly device: Path | null
  readonly eventTime: Path
  /** Boolean leaves: true takes away (GPC). */
  readonly ownSignals: readonly Path[]
  /** All leaves in source order. */
  readonly leaves: readonly RawLeaf[]
  /** One entry a purpose that reads this stream, in the order of purposes.yaml. */
  readonly outputs: readonly Output[]
}

/** Field names from the root of the record: ['page', 'path']. */
export type Path = readonly string[]

export interface RawLeaf {
  readonly path: Path
  /** Avro type without null: 'string', 'long', 'enum', … */
  readonly type: string
  /** Avro logical type ('timestamp-millis', 'uuid', …); absent when it has none. */
  readonly logicalType?: string
  /** True when the leaf or a record around it may be null. */
  readonly nullable: boolean
  readonly tags: readonly string[]
  readonly doc: string
}

/** What one purpose gets of one stream. */
export interface Output {
  readonly purpose: Purpose
  readonly topic: string
  readonly retentionMs: number
  readonly recipients: readonly string[]
  /** Policy files in force, ascending by notice. */
  readonly policies: readonly Policy[]
  /** The newest file's `otherwise`; null: nothing is published without a grant. */
  readonly otherwise: Branch | null
  /** Derived clean Avro schema (JSON), named weir.<stream>.<purpose>.<CamelPath>. */
  readonly cleanSchema: unknown
}

export interface Policy {
  readonly notice: number
  readonly file: string
  readonly granted: Branch
}

/** Which leaves a branch lets through, and as what; in source order. */
export interface Branch {
  readonly leaves: readonly BranchLeaf[]
}

export interface BranchLeaf {
  readonly path: Path
  readonly verb: Verb
}

export type Verb =
  | { readonly kind: 'keep' }
  | { readonly kind: 'pseudonymize' }
  | { readonly kind: 'hour' }
  | { readonly kind: 'day' }
  /** The value becomes the first pattern it matches (never the value itself), else "(other)". */
  | { readonly kind: 'routes'; readonly patterns: readonly string[] }
  /** The value if the list has it, else null. */
  | { readonly kind: 'in'; readonly file: string; readonly values: ReadonlySet<string> }
