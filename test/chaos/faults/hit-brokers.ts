import type { Part } from '@weir/infra/stack/index.ts'
import { coordinatorOf, leaderOf } from '../../support/cluster.ts'
import { freezeProcess } from '../../support/freeze-process.ts'
import { type BrokerFault, inWords } from '../schedule.ts'
import type { Storm } from './storm.ts'

const AIM_MS = 3_000

export interface BrokerTargets {
  /** `host:port` of all, separated by commas. */
  readonly addresses: string
  /** In the order of their node ids, from 1. */
  readonly nodes: readonly Part[]
  inSync(): Promise<void>
  readonly rawTopic: string
  readonly stateTopic: string
  readonly group: string
}

/** Times (`performance.now()`) between which not all brokers did their job. */
export type Outage = readonly [fromMs: number, toMs: number]

/** Does the faults of the list to brokers, one at a time; all are back and in sync when this ends. */
export async function hitBrokers(storm: Storm, targets: BrokerTargets, faults: readonly BrokerFault[]) {
  const outages: Outage[] = []
  for (const fault of faults) {
    if (!(await storm.paused(fault.gapMs))) break
    const node = await victim(targets, fault)
    storm.say(`${node.name}: ${inWords(fault)}`)
    const open = await storm.openAnywhere(AIM_MS)
    if (storm.isOver) break
    storm.tally.hit(`broker-${fault.kind}`, open)
    const fromMs = performance.now()
    if (fault.kind === 'kill' || fault.kind === 'stop') {
      const back = node.stop(fault.kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
      if (fault.kind === 'kill') storm.tally.brokerKilled()
      await back
      await storm.paused(fault.forMs)
      await node.start()
    } else if (fault.kind === 'freeze') {
      const thaw = freezeProcess(node.pid as number)
      await storm.paused(fault.forMs)
      thaw()
    } else await isolated(storm, node, targets.nodes, fault)
    await targets.inSync()
    outages.push([fromMs, performance.now()])
  }
  return outages
}

/** Cut off from the others, by having it run when they don't: what it answers then is what it knew before. */
async function isolated(
  storm: Storm,
  node: Part,
  nodes: readonly Part[],
  { forMs, aloneMs }: BrokerFault,
): Promise<void> {
  const thawIt = freezeProcess(node.pid as number)
  await storm.paused(forMs)
  const others = nodes.filter((other) => other !== node && other.pid !== undefined)
  const thawOthers = others.map((other) => freezeProcess(other.pid as number))
  thawIt()
  await storm.paused(aloneMs)
  for (const thaw of thawOthers) thaw()
}

/** The broker in this role; asked again later, it may be another. */
async function victim(
  { addresses, nodes, rawTopic, stateTopic, group }: BrokerTargets,
  fault: BrokerFault,
): Promise<Part> {
  const [only] = nodes
  if (nodes.length === 1 && only !== undefined) return only
  const { role, which } = fault
  const find = () => {
    switch (role) {
      case 'raw':
        return leaderOf(addresses, rawTopic, which)
      case 'state':
        return leaderOf(addresses, stateTopic, which)
      case 'transactions':
        return coordinatorOf(addresses, 'transaction', `${group}.${which % 3}`)
      case 'group':
        return coordinatorOf(addresses, 'group', group)
    }
  }
  const node = nodes[(await find()) - 1]
  if (node === undefined) throw new Error(`no broker is ${role} ${which}`)
  return node
}
