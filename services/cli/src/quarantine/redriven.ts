import type { Kafka } from '@weir/kafka'
import { redriveGroup } from '@weir/quarantine'
import { topicName } from '@weir/service'
import type { Cluster } from '../replay/cluster.ts'
import type { Quarantine } from './ground.ts'

/** How far each reason was redriven, asked for once. */
export class Redriven {
  readonly #kafka: Pick<Kafka, 'committedOffsets'>
  readonly #namespace: string
  readonly #quarantine: Quarantine
  readonly #positions = new Map<string, Promise<readonly number[]>>()

  constructor(
    { kafka, namespace }: Pick<Cluster, 'namespace'> & { readonly kafka: Pick<Kafka, 'committedOffsets'> },
    quarantine: Quarantine,
  ) {
    this.#kafka = kafka
    this.#namespace = namespace
    this.#quarantine = quarantine
  }

  /** By partition of the quarantine topic: records of this reason below it were redriven. 0: none. */
  positions(code: string): Promise<readonly number[]> {
    const known = this.#positions.get(code)
    if (known !== undefined) return known
    const asked = this.#ask(code)
    this.#positions.set(code, asked)
    return asked
  }

  async #ask(code: string): Promise<readonly number[]> {
    const { stream, topic, partitions } = this.#quarantine
    const asked = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    const group = topicName(this.#namespace, redriveGroup(stream, code))
    return (await this.#kafka.committedOffsets(group, asked)).map((offset) => Math.max(0, offset))
  }
}
