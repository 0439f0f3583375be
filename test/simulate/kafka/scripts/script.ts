import type { Kafka } from '@weir/kafka'
import type { Api } from '../../../../libs/kafka/src/protocol/api.ts'

/** A broker, real or modelled, by what both can be asked through. */
export interface Ground {
  /** Begins every name that a script makes up. */
  readonly namespace: string
  readonly kafka: Kafka
  /** Another process. */
  connect(): Promise<Kafka>
  /** One single request, to the one broker. */
  call<Response>(api: Api<Response>): Promise<Response>
  /** A new topic. */
  topic(partitions?: number, config?: Readonly<Record<string, string>>): Promise<string>
}

/**
 * Something done to a broker, and what was seen of it: nothing that differs from run to run, such as ids. Run against
 * the model and against a real broker it must give the same.
 */
export interface Script {
  readonly name: string
  run(ground: Ground): Promise<unknown>
}
