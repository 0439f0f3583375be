import type { Reader } from '../../../../libs/kafka/src/wire/reader.ts'
import type { Writer } from '../../../../libs/kafka/src/wire/writer.ts'
import type { Controller, CoordinatorKind } from '../controller.ts'
import { Code } from '../errors.ts'
import type { Groups } from '../groups.ts'
import type { Transactions } from '../transactions.ts'

export interface Cluster {
  readonly controller: Controller
  readonly transactions: Transactions
  readonly groups: Groups
}

/** Answers one request at one broker: now, later or, where the broker would not, never. */
export type Answer = (
  cluster: Cluster,
  broker: number,
  request: Reader,
  respond: (body: Writer) => void,
  body: () => Writer,
) => void

/** The topics of a request and their partitions, `partition` reading what is asked of each. */
export function readTopics<P>(request: Reader, partition: (topic: string) => P): { topic: string; of: P[] }[] {
  return request.array(() => {
    const topic = request.string()
    const of = request.array(() => partition(topic))
    request.tags()
    return { topic, of }
  })
}

/** The code of a coordinator that is none (now); 0: it is one. An isolated one is to be looked at first. */
export function coordinatorCode({ controller }: Cluster, broker: number, kind: CoordinatorKind, key: string): number {
  const { coordinators } = controller.viewOf(broker)
  if (coordinators[kind][controller.coordinatorIndex(key)] !== broker) return Code.NOT_COORDINATOR
  if (controller.areCoordinatorsAway) return Code.NOT_COORDINATOR
  return controller.isLoading(kind, key) ? Code.COORDINATOR_LOAD_IN_PROGRESS : Code.NONE
}

/** What a broker checks before it answers for a partition (Partition.checkCurrentLeaderEpoch). */
export function leaderEpochCode(asked: number, has: number): number {
  if (asked < 0 || asked === has) return Code.NONE
  return asked < has ? Code.FENCED_LEADER_EPOCH : Code.UNKNOWN_LEADER_EPOCH
}
