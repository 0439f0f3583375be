import { Reader } from '../../../libs/kafka/src/wire/reader.ts'
import { Writer } from '../../../libs/kafka/src/wire/writer.ts'
import { createTopics, deleteTopics, describeConfigs, setConfigs } from './answers/admin.ts'
import type { Answer, Cluster } from './answers/answer.ts'
import { fetch } from './answers/fetch.ts'
import { heartbeat, offsetFetch } from './answers/groups.ts'
import { listOffsets } from './answers/list-offsets.ts'
import { findCoordinator, metadata } from './answers/metadata.ts'
import { produce } from './answers/produce.ts'
import { endTxn, initProducerId, txnOffsetCommit } from './answers/transactions.ts'
import type { Answering, Request } from './network.ts'

/** By API key; versions are those that libs/kafka sends. */
const answers: Readonly<Record<number, Answer>> = {
  0: produce,
  1: fetch,
  2: listOffsets,
  3: metadata,
  9: offsetFetch,
  10: findCoordinator,
  19: createTopics,
  20: deleteTopics,
  22: initProducerId,
  26: endTxn,
  28: txnOffsetCommit,
  32: describeConfigs,
  44: setConfigs,
  68: heartbeat,
}

/** The brokers as the network sees them. */
export class Brokers implements Answering {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  isUp(broker: number): boolean {
    return this.#cluster.controller.ids.includes(broker) && this.#cluster.controller.isUp(broker)
  }

  answer(broker: number, { key, body }: Request, respond: (body: Writer) => void): void {
    const answer = answers[key]
    if (answer === undefined) throw new Error(`The model answers no request of API ${key}`)
    answer(this.#cluster, broker, new Reader(body), respond, () => new Writer(128))
  }
}
