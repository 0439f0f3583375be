import type { Verb } from './model.ts'

export type VerbKind = Verb['kind']

/** Avro types of leaves: `logical` says which logical types may stand on it. */
export interface LeafType {
  readonly type: string
  readonly logical: 'any' | 'none' | readonly string[]
}

/** Kinds of leaves that verbs take, in words that follow "needs". */
export interface Takes {
  readonly words: string
  /** Null: any leaf. */
  readonly types: readonly LeafType[] | null
}

export interface VerbWords {
  readonly kind: VerbKind
  /** As it is written, with names for its arguments. */
  readonly form: string
  readonly example: string
  /** A regular expression of the whole text, for editors; the loader says more about each argument. */
  readonly pattern: string
  /** What each argument is. */
  readonly arguments: string
  readonly takes: Takes
  /** Type of the leaf in the clean topic. */
  readonly gives: string
  /** What the reader of the clean topic sees. */
  readonly shows: string
  /** A few words for the clean schema's doc, after "Here: "; null where the leaf is what it was. */
  readonly here: string | null
  /** On leaves tagged PII or identifier. */
  readonly personal: string
  /** What becomes of values that are invalid or extreme. Null stays null with every verb. */
  readonly edges: readonly (readonly [value: string, gives: string])[]
}
