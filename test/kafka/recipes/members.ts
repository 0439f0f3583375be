import assert from 'node:assert/strict'
import { type Member, NotAMember } from '@weir/kafka'
import { Api } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import { outcome } from '../lab.ts'
import { type Recipe, tally } from '../recipe.ts'
import { settled, write } from './transactions.ts'

export const memberRecipes: readonly Recipe[] = [
  {
    name: 'After a crash the others get the partitions, and the crashed member’s commits are refused',
    async run(lab) {
      const topic = await lab.topic(2)
      const crashing = await lab.connect()
      const zombie = await lab.member(topic, {}, crashing)
      await until('all are its', () => zombie.assigned.length === 2)
      const identity = await zombie.withIdentity(async (id) => id)
      const slot = await lab.slot()
      await crashing.close()
      await assert.rejects(
        zombie.withIdentity(async () => undefined),
        NotAMember,
      )
      const next = await lab.member(topic)
      await until('all are the next’s', () => next.assigned.length === 2)
      await write(await lab.slot(lab.kafka, 5_000, 'slot.1'), next, topic, 5, ['a'])
      const back: Member = { ...next, groupId: next.groupId, withIdentity: (use) => use(identity) }
      assert.equal(await outcome(slot.begin(back, [{ topic, partition: 0, offset: 1 }])), 'fenced')
      assert.equal(await lab.committed(topic), 5)
      return { did: 'fenced', ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A member whose heartbeats don’t come through loses its partitions, hears of it, commits nothing, and joins anew',
    async run(lab) {
      const topic = await lab.topic(2)
      const proxy = await lab.proxy()
      const lost: number[] = []
      const onLost = async (partitions: readonly number[]) => void lost.push(...partitions)
      const member = await lab.member(topic, { onLost }, await lab.connect(proxy.address))
      await until('all are its', () => member.assigned.length === 2)
      const before = await member.withIdentity(async (id) => id)
      await proxy.away()
      // Tried on until the broker is back, by when it has joined anew: under that id it would be taken.
      const late = assert.rejects(member.commit([{ topic, partition: 0, offset: 9 }]), NotAMember)
      const successor = await lab.member(topic)
      await until('all are the successor’s', () => successor.assigned.length === 2)
      await successor.commit([{ topic, partition: 0, offset: 5 }])
      await proxy.back()
      await late
      assert.equal(await lab.committed(topic), 5)
      await until('it heard', () => lost.length === 2)
      await until('they share', () => member.assigned.length === 1 && successor.assigned.length === 1)
      assert.notEqual((await member.withIdentity(async (id) => id)).memberId, before.memberId)
      return { did: 'told onLost, joined under a new id', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'Partitions are given up by one member before another is told of them, and what was open is committed',
    async run(lab) {
      const topic = await lab.topic(4)
      const slot = await lab.slot()
      const log: string[] = []
      const first: Member = await lab.member(topic, {
        onRevoked: async (partitions) => {
          await write(slot, first, topic, 77, [`last of ${partitions.length}`])
          log.push(...partitions.map((p) => `gave ${p}`))
        },
      })
      await until('all are the first’s', () => first.assigned.length === 4)
      const onAssigned = async (partitions: readonly number[]) => void log.push(...partitions.map((p) => `got ${p}`))
      const second = await lab.member(topic, { onAssigned }, await lab.connect())
      await until('they share', () => first.assigned.length === 2 && second.assigned.length === 2)
      for (const partition of second.assigned) {
        assert.ok(log.indexOf(`gave ${partition}`) >= 0)
        assert.ok(log.indexOf(`gave ${partition}`) < log.indexOf(`got ${partition}`))
      }
      assert.equal(await lab.committed(topic), 77)
      return { did: 'committed, then gave up, then the other took', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A user that takes longer than the session to take its partitions over stays a member',
    async run(lab) {
      const topic = await lab.topic()
      const proxy = await lab.proxy()
      let lost = false
      let taken = false
      const member = await lab.member(
        topic,
        {
          rebalanceTimeoutMs: 60_000,
          // The stack's session is 6 s with a heartbeat each second: nine of them are longer.
          onAssigned: async () => {
            const sofar = proxy.requests(Api.heartbeat)
            await until('nine heartbeats', () => proxy.requests(Api.heartbeat) > sofar + 9)
            taken = true
          },
          onLost: async () => {
            lost = true
          },
        },
        await lab.connect(proxy.address),
      )
      const before = await member.withIdentity(async (id) => id)
      await until('it has taken them', () => taken && member.assigned.length === 1)
      assert.equal((await member.withIdentity(async (id) => id)).memberId, before.memberId)
      assert.equal(lost, false)
      return { did: 'went on with heartbeats meanwhile', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A heartbeat whose answer is lost costs neither the membership nor a partition',
    async run(lab) {
      const topic = await lab.topic(3)
      const proxy = await lab.proxy()
      let lost = false
      const onLost = async () => {
        lost = true
      }
      const member = await lab.member(topic, { onLost }, await lab.connect(proxy.address, { requestTimeoutMs: 400 }))
      await until('all are its', () => member.assigned.length === 3)
      const before = await member.withIdentity(async (id) => id)
      proxy.dropResponses(Api.heartbeat, 2)
      const second = await lab.member(topic)
      await until(
        'they share',
        () => member.assigned.length + second.assigned.length === 3 && second.assigned.length > 0,
      )
      assert.equal((await member.withIdentity(async (id) => id)).memberId, before.memberId)
      assert.equal(lost, false)
      return { did: 'said everything again, and followed the rebalance', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A member that left can commit nothing',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot()
      await until('it is its', () => member.assigned.length === 1)
      const identity = await member.withIdentity(async (id) => id)
      await member.leave()
      const gone: Member = { ...member, groupId: member.groupId, withIdentity: (use) => use(identity) }
      assert.equal(await outcome(slot.begin(gone, [{ topic, partition: 0, offset: 8 }])), 'fenced')
      assert.equal(await lab.committed(topic), -1)
      await slot.init()
      await write(slot, await lab.member(topic), topic, 8, ['a'])
      return { did: 'fenced; a member that is one commits', ...tally(['a'], await settled(lab, topic)) }
    },
  },
]
