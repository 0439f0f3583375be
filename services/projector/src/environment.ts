import type { SaltSource } from '@weir/consent'
import type { RunningConsentView } from '@weir/consent-view'
import type { Kafka, TransactionalProducer } from '@weir/kafka'
import type { PurposeKeys } from '@weir/pseudonym'
import type { Service } from '@weir/service'
import type { ProjectorMetrics } from './metrics.ts'

/** Names on this cluster, with the namespace. */
export interface Topics {
  readonly decisions: string
  readonly state: string
  readonly forget: string
  readonly forgetPartitions: number
}

/** Everything the projector works with; gathered once in main.ts. */
export interface Environment {
  readonly kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets' | 'fetcher' | 'join'>
  readonly view: Pick<RunningConsentView, 'lookup' | 'reached' | 'onState' | 'topicId'>
  readonly producer: TransactionalProducer
  readonly groupId: string
  readonly topics: Topics
  readonly purposeKeys: PurposeKeys
  readonly salts: SaltSource
  /** Uniform whole number in [0, below). */
  readonly randomBelow: (below: number) => number
  readonly monotonicMs: () => number
  /** Unix milliseconds. */
  readonly nowMs: () => number
  readonly metrics: ProjectorMetrics
  readonly log: Pick<Service<unknown>['log'], 'info' | 'warn' | 'error'>
  /** A state nobody here can mend: ends the process. */
  readonly fail: (error: unknown) => void
}
