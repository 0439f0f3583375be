import type { ChunkAudit } from '@weir/audit'
import type { PurposeRule } from '@weir/consent'
import type { ConsentView } from '@weir/consent-view'
import type { Output, Stream } from '@weir/contracts'
import type { Member, TransactionalProducer } from '@weir/kafka'
import type { GrantKeys, ReferenceHasher, Sealer } from '@weir/pseudonym'
import type { Marks } from '@weir/transcoder'
import type { TimeShown } from './visible-time.ts'
import type { WriterSchemas } from './writer-schemas.ts'

/** Everything one run of the pipeline needs; gathered once in main.ts, replaced as a whole by the simulator. */
export interface Environment {
  readonly stream: Stream
  /** Topics as they are called on this cluster, with the namespace. */
  readonly rawTopic: string
  /** Null: rows that can't be processed are counted, and published nowhere. */
  readonly quarantine: OutputTopic | null
  readonly outputs: readonly OutputPlan[]
  readonly audit: AuditPlan
  readonly schemas: WriterSchemas
  /** Where the values of the rows under way lie; used again for each chunk. */
  readonly marks: Marks
  readonly consent: ConsentView
  readonly references: ReferenceHasher
  /** By output: keys of its purpose's grants. */
  readonly grantKeys: readonly GrantKeys[]
  readonly sealer: Sealer
  readonly transactions: TransactionalProducer
  readonly member: Member
  readonly clock: Clock
  readonly random: Random
}

export interface OutputTopic {
  readonly topic: string
  readonly partitions: number
}

/** Where audit records go, and what all of them say. */
export interface AuditPlan extends OutputTopic, Pick<ChunkAudit, 'kind' | 'source'> {
  /** Fingerprint of the contract folder, 32 bytes. */
  readonly contract: Uint8Array
}

/** One purpose of the stream, ready to run. */
export interface OutputPlan extends OutputTopic {
  readonly output: Output
  readonly rule: PurposeRule
  /** Id of the derived clean schema in the registry; goes into each value's wire header. */
  readonly schemaId: number
  /** Largest clean value that the topic takes. */
  readonly maxValueBytes: number
  /** How finely each policy shows the event time. */
  readonly grantedTime: readonly TimeShown[]
  readonly otherwiseTime: TimeShown
}

export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number
  monotonicMs(): number
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Random {
  /** Uniform whole number in [0, below). */
  below(below: number): number
  bytes(count: number): Uint8Array
}
