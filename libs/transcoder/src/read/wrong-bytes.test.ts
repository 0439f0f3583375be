import { expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { checkWhole } from '../reference/whole-record.ts'
import { readSchema } from '../schema/schema-node.ts'
import { compileReader } from './compile-reader.ts'
import { Places } from './places.ts'

const ENUM = { type: 'enum', name: 'E', symbols: ['a', 'b'] }
const LIST = { type: 'array', items: 'int' }
const NULLS = { type: 'array', items: 'null' }
const CHAIN = { type: 'record', name: 'Chain', fields: [{ name: 'next', type: ['null', 'Chain'] }] }
const TREE = { type: 'record', name: 'Tree', fields: [{ name: 'below', type: { type: 'array', items: 'Tree' } }] }

const MOST = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
const LEAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
const TWO_TO_31 = [0x80, 0x80, 0x80, 0x80, 0x10]

/** What whoever may write to a raw topic can try. Random bytes seldom are any of it. */
test.each<[string, unknown, readonly number[]]>([
  ['an int of 33 bits', 'int', [0x80, 0x80, 0x80, 0x80, 0x10]],
  ['an int of six bytes', 'int', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ['a long of 65 bits', 'long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]],
  ['a long of eleven bytes', 'long', [...new Array<number>(10).fill(0x80), 0]],
  ['a long without an end', 'long', [0x80]],
  ['a boolean of two', 'boolean', [2]],
  ['text of length -1', 'string', [1]],
  ['text of length -1 with a byte', 'string', [1, 0x61]],
  ['text of length -2 with two bytes', 'string', [3, 0x61, 0x61]],
  ['bytes of length -1', 'bytes', [1]],
  ['bytes of length -1 with a byte', 'bytes', [1, 0x61]],
  ['text of the greatest length', 'string', MOST],
  ['text of the least length', 'string', LEAST],
  ['text of length 2^31', 'string', [...TWO_TO_31, 0x61]],
  ['text longer by one than there is', 'string', [4, 0x61]],
  ['a length in eleven bytes', 'string', [...new Array<number>(10).fill(0x80), 0]],
  ['a surrogate', 'string', [6, 0xed, 0xa0, 0x80]],
  ['a surrogate in long text', 'string', [64, ...new Array<number>(29).fill(0x61), 0xed, 0xa0, 0x80]],
  ['a character cut in two', 'string', [2, 0xc3]],
  ['an enum beyond its symbols', ENUM, [4]],
  ['an enum below its symbols', ENUM, [1]],
  ['an enum of the greatest index', ENUM, MOST],
  ['a branch beyond the last', ['null', 'int'], [4]],
  ['a branch below the first', ['null', 'int'], [1]],
  ['a branch of the greatest index', ['null', 'int'], MOST],
  ['a branch of 2^31', ['null', 'int'], TWO_TO_31],
  ['a block of the greatest count', LIST, MOST],
  ['a block of the least count', LIST, [...LEAST, 0, 0]],
  ['a block of 2^31 nulls', NULLS, [...TWO_TO_31, 0]],
  ['blocks of more nulls in all than there are bytes', NULLS, [4, 4, 4, 4, 4, 4, 0]],
  ['blocks without an end', LIST, [2, 0, 2, 0]],
  ['a block of a negative size', LIST, [1, 1, 0, 0]],
  ['a block of another size', LIST, [1, 4, 0, 0]],
  ['a block of the greatest size', LIST, [1, ...MOST, 0, 0]],
  ['a key that is not UTF-8', { type: 'map', values: 'int' }, [2, 2, 0xff, 8, 0]],
  ['a chain of a million', CHAIN, new Array<number>(1_000_000).fill(2)],
  ['a tree of a million', TREE, new Array<number>(1_000_000).fill(2)],
])('%s is refused', (_what, type, bytes) => {
  const root = readSchema({ type: 'record', name: 'R', fields: [{ name: 'f', type }] })
  const record = Buffer.from(bytes)
  expect(read(root, record)).toBe(FaultCode.malformedAvro)
  expect(checkWhole(root, record, 0, record.length)).toBe(FaultCode.malformedAvro)
})

test('A record that is followed by a byte is refused, also one without bytes', () => {
  for (const [type, bytes] of [['int', [2, 2]] as const, ['null', [0]] as const, [LIST, [0, 0]] as const]) {
    const root = readSchema({ type: 'record', name: 'R', fields: [{ name: 'f', type }] })
    expect(read(root, Buffer.from(bytes))).toBe(FaultCode.trailingBytes)
  }
})

/** The bytes behind the record would make some of these good. */
function read(root: ReturnType<typeof readSchema>, record: Buffer): FaultCode {
  const bytes = Buffer.concat([Buffer.of(0xff), record, Buffer.alloc(16, 0)])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return compileReader(new Places(root)).read(bytes, view, 1, 1 + record.length, record.length, new Int32Array(0), 0)
}
