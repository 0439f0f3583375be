import { endTxn } from '../../../../libs/kafka/src/protocol/end-txn.ts'
import type { Script } from './script.ts'
import { committed, ends, fetched, highAt, joined, Slot, stableAt } from './steps.ts'

/** How transactions of version 2 end, and who is refused what. */
export const transactionScripts: readonly Script[] = [
  {
    name: 'a commit is seen by all, with its marker counted as an offset',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      const wrote = await slot.produce(first, topic, ['a', 'b'])
      const { seen } = await slot.end(first, true)
      await stableAt(ground, topic, 3)
      return {
        wrote,
        seen,
        committed: await fetched(ground, topic, 'read_committed'),
        uncommitted: await fetched(ground, topic, 'read_uncommitted'),
        ends: await ends(ground, topic),
      }
    },
  },
  {
    name: 'an abort is told to read_committed readers as a list, and the others see what was aborted',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      await slot.produce(first, topic, ['a'])
      const { next, seen } = await slot.end(first, false)
      const wrote = await slot.produce(next, topic, ['b'])
      await slot.end(next, true)
      await stableAt(ground, topic, 4)
      return {
        seen,
        wrote,
        committed: await fetched(ground, topic, 'read_committed'),
        uncommitted: await fetched(ground, topic, 'read_uncommitted'),
        fromTheMarkerOn: await fetched(ground, topic, 'read_committed', { offset: 1 }),
        behindIt: await fetched(ground, topic, 'read_committed', { offset: 2 }),
      }
    },
  },
  {
    name: 'read_committed holds at the first open transaction, whatever lies behind it',
    async run(ground) {
      const topic = await ground.topic()
      const [one, two] = [new Slot(ground), new Slot(ground)]
      const [first, second] = [await one.init(), await two.init()]
      await one.produce(first, topic, ['a'])
      await two.produce(second, topic, ['b'])
      await two.end(second, true)
      await highAt(ground, topic, 3)
      const held = {
        committed: await fetched(ground, topic, 'read_committed'),
        uncommitted: (await fetched(ground, topic, 'read_uncommitted')).values,
      }
      await one.end(first, true)
      await stableAt(ground, topic, 4)
      return { held, after: await fetched(ground, topic, 'read_committed') }
    },
  },
  {
    name: 'one transaction over several partitions has a marker in each of them only',
    async run(ground) {
      const topic = await ground.topic(3)
      const slot = new Slot(ground)
      const first = await slot.init()
      const wrote = [await slot.produce(first, topic, ['a'], 0, 0), await slot.produce(first, topic, ['b'], 0, 2)]
      await slot.end(first, true)
      await stableAt(ground, topic, 2, 0)
      await stableAt(ground, topic, 2, 2)
      return { wrote, ends: [await ends(ground, topic, 0), await ends(ground, topic, 1), await ends(ground, topic, 2)] }
    },
  },
  {
    name: 'EndTxn sent again answers the same, with the other verb it is refused',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      await slot.produce(first, topic, ['a'])
      const once = await slot.end(first, true)
      const again = await slot.end(first, true)
      const other = await slot.end(first, false)
      return { once: once.seen, again: again.seen, other: other.seen }
    },
  },
  {
    name: 'EndTxn sent again once the next transaction began is fenced, and that one goes on',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      await slot.produce(first, topic, ['a'])
      const { next } = await slot.end(first, true)
      await slot.produce(next, topic, ['b'])
      const late = [(await slot.end(first, true)).seen, (await slot.end(first, false)).seen]
      const wrote = await slot.produce(next, topic, ['c'], 1)
      const ended = (await slot.end(next, true)).seen
      return { late, wrote, ended }
    },
  },
  {
    name: 'with nothing in it a transaction can be aborted and not committed, again and again',
    async run(ground) {
      const slot = new Slot(ground)
      const first = await slot.init()
      const commit = (await slot.end(first, true)).seen
      const aborted = await slot.end(first, false)
      const once = await slot.end(aborted.next, false)
      const again = await slot.end(aborted.next, false)
      const commitAfter = await slot.end(once.next, true)
      return { commit, aborted: aborted.seen, once: once.seen, again: again.seen, commitAfter: commitAfter.seen }
    },
  },
  {
    name: 'after its timeout a transaction has been aborted, and its producer is refused everything',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground, 300)
      const first = await slot.init()
      await slot.produce(first, topic, ['a'])
      await stableAt(ground, topic, 2)
      const commit = (await slot.end(first, true)).seen
      const wrote = await slot.produce(first, topic, ['b'], 1)
      const abort = (await slot.end(first, false)).seen
      const next = await slot.init()
      return {
        commit,
        wrote,
        abort,
        raisedByInit: next.epoch - first.epoch,
        readers: await fetched(ground, topic, 'read_committed'),
      }
    },
  },
  {
    name: 'a zombie is fenced by an init that came after, and what it left open is aborted',
    async run(ground) {
      const topic = await ground.topic()
      const { member } = await joined(ground, topic)
      const slot = new Slot(ground)
      const old = await slot.init()
      await slot.produce(old, topic, ['a'])
      const now = await slot.init()
      await stableAt(ground, topic, 2)
      return {
        raised: now.epoch - old.epoch,
        produce: await slot.produce(old, topic, ['b'], 1),
        offsets: await slot.offsets(old, member, topic, 1),
        commit: (await slot.end(old, true)).seen,
        abort: (await slot.end(old, false)).seen,
        init: await slot.initAs(old),
        own: await slot.produce(now, topic, ['c']),
        ended: (await slot.end(now, true)).seen,
      }
    },
  },
  {
    name: 'init over nothing open raises the epoch by one, and the one before may do nothing more',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const old = await slot.init()
      const now = await slot.init()
      return {
        sameProducer: now.producerId === old.producerId,
        raised: now.epoch - old.epoch,
        produce: await slot.produce(old, topic, ['a']),
        end: (await slot.end(old, false)).seen,
        byThePartition: await slot.produce(now, topic, ['b']),
      }
    },
  },
  {
    name: 'sequence numbers begin at 0 in each transaction, a gap is refused and a repeat is known',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      const begun = [
        await slot.produce(first, topic, ['a', 'b'], 0),
        await slot.produce(first, topic, ['d'], 3),
        await slot.produce(first, topic, ['c'], 2),
        await slot.produce(first, topic, ['a', 'b'], 0),
        await slot.produce(first, topic, ['c'], 2),
      ]
      const { next } = await slot.end(first, true)
      const then = [await slot.produce(next, topic, ['e'], 3), await slot.produce(next, topic, ['e'], 0)]
      await slot.end(next, true)
      await stableAt(ground, topic, 6)
      return { begun, then, readers: (await fetched(ground, topic, 'read_committed')).values }
    },
  },
  {
    name: 'a repeat of what was committed already is refused by its epoch',
    async run(ground) {
      const topic = await ground.topic()
      const slot = new Slot(ground)
      const first = await slot.init()
      await slot.produce(first, topic, ['a'])
      await slot.end(first, true)
      await stableAt(ground, topic, 2)
      return { repeat: await slot.produce(first, topic, ['a']), high: (await ends(ground, topic)).high }
    },
  },
  {
    name: 'an aborted and a committed transaction of two producers lie between each other',
    async run(ground) {
      const topic = await ground.topic()
      const [one, two] = [new Slot(ground), new Slot(ground)]
      const [first, second] = [await one.init(), await two.init()]
      await one.produce(first, topic, ['a'])
      await two.produce(second, topic, ['b'])
      await one.produce(first, topic, ['c'], 1)
      await one.end(first, false)
      await stableAt(ground, topic, 1)
      const between = await fetched(ground, topic, 'read_committed')
      await two.produce(second, topic, ['d'], 1)
      await two.end(second, true)
      await stableAt(ground, topic, 6)
      return { between, all: await fetched(ground, topic, 'read_committed') }
    },
  },
  {
    name: 'a transactional id that nobody initialised, and another producer id, are not known',
    async run(ground) {
      const [slot, other] = [new Slot(ground), new Slot(ground)]
      const first = await slot.init()
      const foreign = await other.init()
      const unknown = { ...first, epoch: 0 }
      const answer = await ground.call(endTxn(`${slot.id}.not`, unknown, true))
      return { unknown: answer.errorCode, foreign: (await slot.end(foreign, true)).seen }
    },
  },
  {
    name: 'offsets of a transaction are pending until it ends, and come with it or not at all',
    async run(ground) {
      const topic = await ground.topic()
      const { member } = await joined(ground, topic)
      const slot = new Slot(ground)
      const first = await slot.init()
      const before = await committed(ground, member.groupId, topic)
      const code = await slot.offsets(first, member, topic, 5)
      const pending = await committed(ground, member.groupId, topic)
      const { next } = await slot.end(first, true)
      const after = await ground.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])
      await slot.offsets(next, member, topic, 9)
      const pendingAgain = await committed(ground, member.groupId, topic)
      await slot.end(next, false)
      const afterAbort = await ground.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])
      return { before, code, pending, after, pendingAgain, afterAbort }
    },
  },
  {
    name: 'offsets of a transaction that timed out are those of before',
    async run(ground) {
      const topic = await ground.topic()
      const { member } = await joined(ground, topic)
      const slot = new Slot(ground, 300)
      const first = await slot.init()
      await slot.offsets(first, member, topic, 5)
      const after = await ground.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])
      return { after, late: await slot.offsets(first, member, topic, 6), commit: (await slot.end(first, true)).seen }
    },
  },
]
