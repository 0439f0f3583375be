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

/**
 * Steps from the root of the record to a leaf: field names, and three steps that no field name can be: `[]` each
 * element of an array, `{a,b}` these keys of a map, `<View>` this branch of a union. As text: `products[].sku`,
 * `flags{risk,channel}`, `action<View>.dwell` (pathText).
 *
 * `<…>` stands only in unions of several types beside null, and holds the branch's name without namespace (with it, where
 * two branches share a name), or `string`, `long`, `array`, …. Keys hold no comma, brace or blank at an end. Lines of one
 * branch may go through one map with different keys (`flags{a}: keep`, `flags{b}: first(2)`), never twice to the same leaf.
 * A raw leaf has `{}` for a map's keys.
 */
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
  /**
   * Derived clean Avro schema (JSON), named weir.<stream>.<purpose>.<CamelPath>. Every field, array element and map value
   * is nullable, null first, so that a leaf more or less is compatible in both directions. By raw type:
   *
   * - record: `['null', record]`
   * - array: `['null', {type: 'array', items: ['null', T]}]`, also where the raw element can't be null
   * - map: `['null', {type: 'map', values: ['null', T]}]`
   * - union of several types: `['null', record]` with one nullable field a named branch, called like the branch
   *   (`action<View>.dwell` is the field `dwell` in the field `View` of `action`; dots of a full name become `_`). Not an
   *   Avro union, since one of these can't get a further branch and stay compatible. Null when the value has no branch
   *   that the deciding policy names.
   *
   * CamelPath takes field names and branches: `products[].sku` lies in a record `Products`, `action<View>.dwell` in
   * `ActionView`, which lies in `Action`.
   */
  readonly cleanSchema: unknown
}

export interface Policy {
  readonly notice: number
  readonly file: string
  /** Further purposes that must be granted too, such as a channel (`marketing.email`). The same in all files of an output. */
  readonly needs: readonly string[]
  readonly granted: Branch
}

/** What a branch lets through: which events, which of their leaves, and as what. Leaves are in source order. */
export interface Branch {
  readonly leaves: readonly BranchLeaf[]
  /** Only events that have one of the constants in each of these leaves give output; empty: all events. */
  readonly events: readonly LeafIs[]
  /** Leaves that some events show beside the others. */
  readonly only: readonly OnlyWhen[]
  /** What is left out unless a further purpose is granted too. */
  readonly sensitive: Sensitive | null
}

/** True for an event whose leaf has one of the constants. The leaf lies in no array and in no map. */
export interface LeafIs {
  readonly path: Path
  /** Enum symbols as text. */
  readonly constants: readonly Constant[]
}

export type Constant = string | number | boolean

export interface OnlyWhen {
  /** Its leaves are kept by the branch, so that whoever sees the added leaves sees why. */
  readonly when: readonly LeafIs[]
  readonly leaves: readonly BranchLeaf[]
}

/** Drops the array element or, outside arrays, the whole event whose `by` leaf has a listed value. */
export interface Sensitive {
  readonly by: Path
  readonly file: string
  readonly values: ReadonlySet<string>
  /** Name of the purpose that must be granted too for listed values to pass. */
  readonly needs: string
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
  | { readonly kind: 'month' }
  /** IP address cut to its network: bits kept of IPv4 and of IPv6. */
  | { readonly kind: 'prefix'; readonly v4: number; readonly v6: number }
  /** Number rounded toward zero to so many digits after the point (0 to 15). */
  | { readonly kind: 'decimals'; readonly digits: number }
  /** Number becomes the greatest bound that it reaches, else null. Bounds ascend. */
  | { readonly kind: 'bucket'; readonly bounds: readonly number[] }
  /** User agent becomes the browser family and its major system, never a version. */
  | { readonly kind: 'family' }
  /** URL becomes its host. */
  | { readonly kind: 'host' }
  /** The first n characters (Unicode code points). */
  | { readonly kind: 'first'; readonly characters: number }
  /** The value becomes the first pattern it matches (never the value itself), else "(other)". */
  | { readonly kind: 'routes'; readonly patterns: readonly string[] }
  /** The value if the list has it, else null. */
  | { readonly kind: 'in'; readonly file: string; readonly values: ReadonlySet<string> }
  /** This constant whenever the leaf is there. */
  | { readonly kind: 'set'; readonly constant: Constant }
