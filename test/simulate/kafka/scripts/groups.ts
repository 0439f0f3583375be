import { randomUUID } from 'node:crypto'
import { until } from '../../../support/until.ts'
import type { Script } from './script.ts'
import { beat, committed, joined, joining, Slot, still } from './steps.ts'

/** Members of groups of the new protocol (KIP-848), and what they may commit. */
export const groupScripts: readonly Script[] = [
  {
    name: 'a member joins alone, is given everything and stays',
    async run(ground) {
      const topic = await ground.topic(4)
      const { member, answer } = await joined(ground, topic)
      const same = await beat(ground, still(member))
      const owning = await beat(ground, { ...still(member), owned: answer.assigned })
      const all = await beat(ground, {
        ...still(member),
        rebalanceTimeoutMs: 10_000,
        topics: [topic],
        owned: answer.assigned,
      })
      return { joined: plain(answer), same: plain(same), owning: plain(owning), all: plain(all) }
    },
  },
  {
    name: 'an epoch gone by or to come is fenced, a stranger is unknown, and so is who has left',
    async run(ground) {
      const topic = await ground.topic(2)
      const { member } = await joined(ground, topic)
      const future = await beat(ground, { ...still(member), memberEpoch: member.generation + 5 })
      const stranger = await beat(ground, { ...still(member), memberId: randomUUID() })
      const gone = await beat(ground, { ...still(member), memberEpoch: -1 })
      const after = await beat(ground, still(member))
      const again = await beat(ground, { ...still(member), memberEpoch: -1 })
      return [future.code, stranger.code, gone.code, gone.epoch, after.code, again.code]
    },
  },
  {
    name: 'a join whose answer was lost is sent again; one by an epoch gone by is not',
    async run(ground) {
      const topic = await ground.topic(2)
      const { member } = await joined(ground, topic)
      const join = { ...still(member), memberEpoch: 0, rebalanceTimeoutMs: 10_000, topics: [topic], owned: [] }
      const again = await beat(ground, join)
      const second = await joining(ground, member.groupId, topic)
      const moved = await beat(ground, { ...still(member), owned: [] })
      return {
        again: plain(again),
        second: plain(second.answer),
        moved: plain(moved),
        joinNow: plain(await beat(ground, join)),
      }
    },
  },
  {
    name: 'a second member gets its share only once the first has given it up',
    async run(ground) {
      const topic = await ground.topic(4)
      const first = await joined(ground, topic)
      await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      const second = await joining(ground, first.member.groupId, topic)
      const waits = await beat(ground, still(second.member))
      const told = await beat(ground, still(first.member))
      const stillOwns = await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      const stillWaits = await beat(ground, still(second.member))
      const released = await beat(ground, { ...still(first.member), owned: told.assigned })
      const given = await beat(ground, still(second.member))
      const both = [...(told.partitions ?? []), ...(given.partitions ?? [])].sort()
      return {
        second: plain(second.answer),
        waits: sized(waits),
        told: sized(told),
        stillOwns: sized(stillOwns),
        stillWaits: sized(stillWaits),
        released: sized(released),
        given: sized(given),
        both,
      }
    },
  },
  {
    name: 'what a member leaves behind goes to the other with its next heartbeat',
    async run(ground) {
      const topic = await ground.topic(3)
      const first = await joined(ground, topic)
      await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      const second = await joining(ground, first.member.groupId, topic)
      await beat(ground, { ...still(first.member), memberEpoch: -1 })
      const given = await until('it is given everything', async () => {
        const one = await beat(ground, { ...still(second.member), owned: [] })
        return one.partitions?.length === 3 && one
      })
      return { second: sized(second.answer), given: sized(given) }
    },
  },
  {
    name: 'a member that is not heard loses its session, and its partitions go to the other',
    async run(ground) {
      const topic = await ground.topic(2)
      const first = await joined(ground, topic)
      await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      const second = await joining(ground, first.member.groupId, topic)
      let { member } = second
      const given = await until('the session is over', async () => {
        const one = await beat(ground, { ...still(member), owned: [] })
        member = { ...member, generation: one.epoch }
        return one.partitions?.length === 2 && one
      })
      return { given: sized(given), first: (await beat(ground, still(first.member))).code }
    },
  },
  {
    name: 'who does not give up in time is put out of the group',
    async run(ground) {
      const topic = await ground.topic(2)
      const first = await joined(ground, topic, 1_000)
      await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      const second = await joining(ground, first.member.groupId, topic)
      const told = await beat(ground, still(first.member))
      const out = await until('it is put out', async () => {
        const one = await beat(ground, { ...still(first.member), owned: first.answer.assigned })
        return one.code !== 0 && one
      })
      const given = await beat(ground, still(second.member))
      return { told: sized(told), out: out.code, given: sized(given) }
    },
  },
  {
    name: 'offsets in a transaction are refused to an old generation, a stranger and who has left',
    async run(ground) {
      const topic = await ground.topic()
      const { member } = await joined(ground, topic)
      const slot = new Slot(ground)
      const first = await slot.init()
      const commit = (change: object) => slot.offsets(first, { ...member, ...change }, topic, 9)
      const codes = {
        future: await commit({ generation: member.generation + 1 }),
        old: await commit({ generation: member.generation - 1 }),
        stranger: await commit({ memberId: randomUUID() }),
        nobody: await commit({ generation: -1, memberId: '' }),
      }
      await slot.end(first, false)
      await beat(ground, { ...still(member), memberEpoch: -1 })
      const second = await slot.init()
      const left = await slot.offsets(second, member, topic, 9)
      const noGroup = await slot.offsets(second, { ...member, groupId: `${member.groupId}.not` }, topic, 9)
      return { ...codes, left, noGroup, committed: await committed(ground, member.groupId, topic) }
    },
  },
  {
    name: 'a member that was refused leaves an open transaction behind, which holds nothing of its own',
    async run(ground) {
      const topic = await ground.topic()
      const { member } = await joined(ground, topic)
      const slot = new Slot(ground)
      const first = await slot.init()
      const refused = await slot.offsets(first, { ...member, generation: member.generation + 1 }, topic, 9)
      const offsets = await committed(ground, member.groupId, topic)
      return { refused, offsets, commit: (await slot.end(first, true)).seen }
    },
  },
  {
    name: 'a stale generation is refused once a second member has joined and the first was told',
    async run(ground) {
      const topic = await ground.topic(2)
      const first = await joined(ground, topic)
      await beat(ground, { ...still(first.member), owned: first.answer.assigned })
      await joining(ground, first.member.groupId, topic)
      const slot = new Slot(ground)
      const identity = await slot.init()
      const told = await beat(ground, still(first.member))
      const whileRevoking = await slot.offsets(identity, first.member, topic, 3)
      const released = await beat(ground, { ...still(first.member), owned: told.assigned })
      const after = await slot.offsets(identity, first.member, topic, 4)
      const now = { ...first.member, generation: released.epoch }
      return { whileRevoking, after, withTheNew: await slot.offsets(identity, now, topic, 5) }
    },
  },
  {
    name: 'a topic made anew: its offsets are gone and its members are given the new one',
    async run(ground) {
      const topic = await ground.topic(2)
      const { member, answer } = await joined(ground, topic)
      await beat(ground, { ...still(member), owned: answer.assigned })
      const slot = new Slot(ground)
      const first = await slot.init()
      await slot.offsets(first, member, topic, 5)
      await slot.end(first, true)
      const before = await ground.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])
      await ground.kafka.admin.deleteTopics([topic])
      await until('it is gone', async () => (await ground.kafka.topics([topic])).length === 0)
      await ground.kafka.admin.ensureTopics([{ topic, partitions: 2, config: {} }])
      const after = await until('its offsets are gone', async () => {
        const { offset } = await committed(ground, member.groupId, topic)
        return offset === -1 && [offset]
      })
      const [old] = answer.assigned ?? []
      let now = member
      const given = await until('the new one is given', async () => {
        const one = await beat(ground, { ...still(now), owned: [] })
        if (one.code !== 0) return one
        now = { ...now, generation: one.epoch }
        return one.assigned?.some(({ topicId }) => topicId !== old?.topicId) && one
      })
      return { before, after, given: sized(given) }
    },
  },
]

type Beat = Awaited<ReturnType<typeof beat>>

/** Without the ids of topics. */
function plain({ code, epoch, partitions }: Beat) {
  return { code, epoch, partitions }
}

/** Which partitions is the assignor's own choice: only how many. */
function sized({ code, epoch, partitions }: Beat) {
  return { code, epoch, count: partitions?.length ?? null }
}
