import { expect, test } from 'vitest'
import type { Exchange } from './cluster.ts'
import { LogReader } from './log-reader.ts'

/** A log as a broker has it: batches of format 2, and control batches behind transactions. */
class FakeLog {
  readonly #batches: { readonly offset: number; readonly bytes: Buffer }[] = []
  #end = 0

  data(producerId: number, keys: readonly string[], isTransactional = true): this {
    return this.#append(
      producerId,
      isTransactional ? 0x10 : 0,
      keys.map((key) => record(Buffer.from(key))),
    )
  }

  marker(producerId: number, type: 'commit' | 'abort'): this {
    return this.#append(producerId, 0x30, [record(Buffer.of(0, 0, 0, type === 'commit' ? 1 : 0))])
  }

  /** A batch whose one record was superseded, kept for its producer's sequence. */
  emptied(producerId: number): this {
    this.#append(producerId, 0x10, [])
    this.#batches.at(-1)?.bytes.writeInt32BE(0, 23)
    this.#end++
    return this
  }

  get end(): number {
    return this.#end
  }

  reader(): LogReader {
    const answer = (from: number) =>
      fetched(this.#end, this.#batches.filter(({ offset }) => offset >= from).slice(0, 2))
    let asked = 0
    return new LogReader(
      {
        extents: async () => [{ from: 0, to: this.#end }],
        refresh: async () => {},
        async toLeader<T>(_topic: string, _partition: number, { response }: Exchange<T>) {
          const payload = answer(asked)
          const read = await response.parse(await response.decode(payload.bytes))
          asked = payload.next
          return read
        },
      },
      () => {},
    )
  }

  #append(producerId: number, attributes: number, records: readonly Buffer[]): this {
    const body = Buffer.concat(records.map((one, i) => withDelta(one, i)))
    const bytes = Buffer.alloc(61 + body.length)
    bytes.writeBigInt64BE(BigInt(this.#end), 0)
    bytes.writeInt32BE(bytes.length - 12, 8)
    bytes[16] = 2
    bytes.writeInt16BE(attributes, 21)
    bytes.writeInt32BE(records.length - 1, 23)
    bytes.writeBigInt64BE(1_000n, 27)
    bytes.writeBigInt64BE(1_000n + BigInt(this.#end), 35)
    bytes.writeBigInt64BE(BigInt(producerId), 43)
    bytes.writeInt16BE(7, 51)
    bytes.writeInt32BE(records.length, 57)
    body.copy(bytes, 61)
    this.#batches.push({ offset: this.#end, bytes })
    this.#end += records.length
    return this
  }
}

/** Without its length and offset delta. */
function record(key: Buffer): Buffer {
  return Buffer.concat([Buffer.of(key.length * 2), key, Buffer.of(1, 0)])
}

function withDelta(rest: Buffer, delta: number): Buffer {
  const body = Buffer.concat([Buffer.of(0, 0, delta * 2), rest])
  return Buffer.concat([Buffer.of(body.length * 2), body])
}

/** Fetch response, version 11, of one partition; what is asked for next. */
function fetched(end: number, batches: readonly { readonly offset: number; readonly bytes: Buffer }[]) {
  const records = Buffer.concat(batches.map(({ bytes }) => bytes))
  const head = Buffer.alloc(14 + 3 + 4 + 30 + 4 + 4 + 4)
  head.writeInt32BE(1, 10)
  head.writeInt16BE(1, 14)
  head.writeInt32BE(1, 17)
  head.writeBigInt64BE(BigInt(end), 27)
  head.writeInt32BE(-1, 51)
  head.writeInt32BE(records.length, 59)
  const last = batches.at(-1)
  return { bytes: Buffer.concat([head, records]), next: last === undefined ? end : last.offset + 1 }
}

async function keysOf(log: FakeLog): Promise<string[]> {
  const read = await log.reader().read('t')
  return (read?.partitions ?? []).flatMap(({ batches }) =>
    batches.flatMap((batch) => batch.records().map(({ key }) => key?.toString() ?? '')),
  )
}

test('Records of aborted transactions are left out, also where transactions lie in each other', async () => {
  const log = new FakeLog()
    .data(1, ['a', 'b'])
    .data(2, ['c'])
    .data(1, ['d'])
    .marker(2, 'abort')
    .data(2, ['e'])
    .marker(1, 'commit')
    .data(3, ['f'], false)
    .marker(2, 'commit')
    .data(1, ['g'])
    .marker(1, 'abort')
  expect(await keysOf(log)).toEqual(['a', 'b', 'd', 'e', 'f'])
})

test('A key of four zero bytes is no marker', async () => {
  const log = new FakeLog().data(1, ['\0\0\0\0']).marker(1, 'commit')
  expect(await keysOf(log)).toEqual(['\0\0\0\0'])
})

test('Batches say whose transaction they are of, and when it was committed', async () => {
  const log = new FakeLog().data(4, ['a']).data(5, ['b']).marker(5, 'commit').marker(4, 'commit')
  const read = await log.reader().read('t')
  const [first, second] = read?.partitions[0]?.batches ?? []
  expect(first).toMatchObject({ producerId: 4, producerEpoch: 7, baseOffset: 0, lastOffset: 0, committedMs: 1_003 })
  expect(second).toMatchObject({ producerId: 5, committedMs: 1_002 })
})

test('A transaction of which the cleaner has left nothing but a batch without records is not waited for', async () => {
  const log = new FakeLog().data(1, ['a']).marker(1, 'commit').emptied(2)
  expect(await keysOf(log)).toEqual(['a'])
})
