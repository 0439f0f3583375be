import type { RecordNode } from '../avro/node.ts'
import type { Path } from './path.ts'
import type { Verb } from './verb.ts'

/** A contract folder, read a second time and as simply as it can be: the loader's checks are not repeated. */
export interface Contract {
  readonly streams: ReadonlyMap<string, Stream>
}

export interface Stream {
  readonly name: string
  readonly schema: RecordNode
  readonly subject: Path
  readonly device: Path | null
  readonly eventTime: Path
  readonly ownSignals: readonly Path[]
  readonly outputs: ReadonlyMap<string, Output>
}

/** A purpose that must be granted, on its own basis. */
export interface Needed {
  readonly purpose: string
  readonly basis: string
  readonly gpcDenies: boolean
}

export interface Output extends Needed {
  /** Clean topic, without the namespace. */
  readonly to: string
  /** Ascending by notice. */
  readonly policies: readonly { readonly notice: number; readonly granted: Branch }[]
  readonly otherwise: Branch | null
  readonly needs: readonly Needed[]
  readonly sensitiveNeeds: Needed | null
}

export interface Line {
  readonly path: Path
  readonly verb: Verb
}

export interface LeafIs {
  readonly path: Path
  readonly constants: readonly (string | number | boolean)[]
}

export interface Branch {
  readonly lines: readonly Line[]
  readonly only: readonly { readonly when: readonly LeafIs[]; readonly lines: readonly Line[] }[]
  readonly events: readonly LeafIs[]
  readonly sensitive: { readonly by: Path; readonly values: ReadonlySet<string> } | null
}
