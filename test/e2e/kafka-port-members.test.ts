import { type Member, NotAMember } from '@weir/kafka'
import { describe, expect, inject, test } from 'vitest'
import { outcome, PortBench } from '../support/kafka-port-bench.ts'
import { until } from '../support/until.ts'

const bench = new PortBench(inject('stack').KAFKA_BROKERS)

describe('members', () => {
  test('What one member must give up is finished there before another gets it', async () => {
    const topic = await bench.topic(4)
    const slot = await bench.slot()
    const log: string[] = []
    const first: Member = await bench.member(topic, {
      onRevoked: async (partitions) => {
        // What is open is still committed here, with a generation that is current.
        const last = await slot.begin(first, [{ topic, partition: partitions[0] ?? -1, offset: 77 }])
        await last.commit()
        log.push(...partitions.map((p) => `first gave ${p}`))
      },
    })
    await until('all are the first’s', () => first.assigned.length === 4)
    const offsets = new Map<number, number>()
    const onAssigned = async (partitions: readonly number[]) => {
      log.push(...partitions.map((p) => `second got ${p}`))
      const at = partitions.map((partition) => ({ topic, partition }))
      const committed = await bench.kafka.committedOffsets(first.groupId, at)
      for (const [i, partition] of partitions.entries()) offsets.set(partition, committed[i] ?? -2)
    }
    const second = await bench.member(topic, { onAssigned }, await bench.connect())
    await until('they share', () => first.assigned.length === 2 && second.assigned.length === 2)
    expect([...first.assigned, ...second.assigned].sort()).toEqual([0, 1, 2, 3])
    for (const partition of second.assigned) {
      expect(log.indexOf(`first gave ${partition}`)).toBeLessThan(log.indexOf(`second got ${partition}`))
      expect(log).toContain(`first gave ${partition}`)
    }
    expect(Math.max(...offsets.values())).toBe(77)
    await second.leave()
    await until('all are the first’s again', () => first.assigned.length === 4)
  })

  test('After a crash the others get the partitions, and the crashed member’s commits are refused', async () => {
    const topic = await bench.topic(2)
    const crashing = await bench.connect()
    const zombie = await bench.member(topic, {}, crashing)
    await until('all are its', () => zombie.assigned.length === 2)
    const identity = await zombie.withIdentity(async (id) => id)
    const slot = await bench.slot()
    await crashing.close()
    await expect(zombie.withIdentity(async () => undefined)).rejects.toThrow(NotAMember)
    const next = await bench.member(topic)
    await until('all are the next’s', () => next.assigned.length === 2)
    const back: Member = { ...next, groupId: next.groupId, withIdentity: (use) => use(identity) }
    expect(await outcome(slot.begin(back, [{ topic, partition: 0, offset: 1 }]))).toBe('fenced')
    expect(await bench.kafka.committedOffsets(next.groupId, [{ topic, partition: 0 }])).toEqual([-1])
  })

  test('A member whose heartbeats don’t come through loses its partitions, hears of it, and joins anew', async () => {
    const topic = await bench.topic(2)
    const proxy = await bench.proxy()
    const other = await bench.connect(proxy.address)
    const lost: number[] = []
    const onLost = async (partitions: readonly number[]) => {
      lost.push(...partitions)
    }
    const member = await bench.member(topic, { onLost }, other)
    await until('all are its', () => member.assigned.length === 2)
    const before = await member.withIdentity(async (id) => id)
    await proxy.away()
    const successor = await bench.member(topic)
    await until('all are the successor’s', () => successor.assigned.length === 2)
    await proxy.back()
    await until('it heard', () => lost.length === 2)
    await until('they share', () => member.assigned.length === 1 && successor.assigned.length === 1)
    expect((await member.withIdentity(async (id) => id)).memberId).not.toBe(before.memberId)
  })
})
