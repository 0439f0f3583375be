import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { readSchema } from '../schema/schema-node.ts'
import { checkWhole } from './whole-record.ts'

const check = (schema: unknown, ...bytes: number[]): FaultCode =>
  checkWhole(readSchema(schema), Buffer.from([0xff, ...bytes, 0xff]), 1, 1 + bytes.length)

const OK = FaultCode.ok
const BAD = FaultCode.malformedAvro
const LIST = { type: 'array', items: 'int' }

describe('whole record', () => {
  test.each<[string, unknown, number[], FaultCode]>([
    ['boolean', 'boolean', [1], OK],
    ['a boolean that is neither', 'boolean', [2], BAD],
    ['the largest int', 'int', [0xfe, 0xff, 0xff, 0xff, 0x0f], OK],
    ['the smallest int', 'int', [0xff, 0xff, 0xff, 0xff, 0x0f], OK],
    ['an int of 33 bits', 'int', [0x80, 0x80, 0x80, 0x80, 0x10], BAD],
    ['an int of six bytes', 'int', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], BAD],
    ['the smallest long', 'long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], OK],
    ['a long of 65 bits', 'long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], BAD],
    ['a long without an end', 'long', [0x80], BAD],
    ['a float', 'float', [0, 0, 0, 0], OK],
    ['a double cut short', 'double', [0, 0, 0, 0, 0, 0, 0], BAD],
    ['bytes', 'bytes', [4, 0xff, 0xfe], OK],
    ['bytes that claim more than there is', 'bytes', [6, 0xff, 0xfe], BAD],
    ['bytes of negative length', 'bytes', [1], BAD],
    ['text', 'string', [4, 0xc3, 0xa9], OK],
    ['text that is not UTF-8', 'string', [2, 0xc3], BAD],
    ['text with a surrogate', 'string', [6, 0xed, 0xa0, 0x80], BAD],
    ['text in an overlong form', 'string', [4, 0xc0, 0x80], BAD],
    ['fixed', { type: 'fixed', name: 'F', size: 2 }, [1, 2], OK],
    ['fixed cut short', { type: 'fixed', name: 'F', size: 2 }, [1], BAD],
    ['an enum', { type: 'enum', name: 'E', symbols: ['a', 'b'] }, [2], OK],
    ['an enum beyond its symbols', { type: 'enum', name: 'E', symbols: ['a', 'b'] }, [4], BAD],
    ['an enum below its symbols', { type: 'enum', name: 'E', symbols: ['a', 'b'] }, [1], BAD],
    ['a union', ['null', 'int'], [2, 8], OK],
    ['a union beyond its branches', ['null', 'int'], [4, 8], BAD],
    ['a list in two blocks', LIST, [2, 1, 4, 1, 1, 0], OK],
    ['a list whose block says its size', LIST, [3, 4, 1, 1, 0], OK],
    ['a list whose block says another size', LIST, [3, 2, 1, 1, 0], BAD],
    ['a list without an end', LIST, [2, 1], BAD],
    ['a map', { type: 'map', values: 'int' }, [2, 2, 0x61, 8, 0], OK],
    ['a map with a key that is not UTF-8', { type: 'map', values: 'int' }, [2, 2, 0xff, 8, 0], BAD],
    ['bytes left over', 'int', [2, 2], FaultCode.trailingBytes],
  ])('checks %s', (_what, schema, bytes, fault) => {
    expect(check(schema, ...bytes)).toBe(fault)
  })

  test('does not believe a list of 2^53 items, whether they take bytes or none', () => {
    const huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]
    expect(check(LIST, ...huge)).toBe(BAD)
    expect(check({ type: 'array', items: 'null' }, ...huge, 0)).toBe(BAD)
    expect(check({ type: 'array', items: 'null' }, 4, 4, 4, 4, 4, 4, 0)).toBe(BAD)
  })

  test('ends the nesting of a recursive schema before the stack does', () => {
    const chain = { type: 'record', name: 'R', fields: [{ name: 'next', type: ['null', 'R'] }] }
    expect(check(chain, 2, 2, 0)).toBe(OK)
    expect(check(chain, ...new Array<number>(100_000).fill(2), 0)).toBe(BAD)
    expect(check({ type: 'record', name: 'R', fields: [{ name: 'self', type: 'R' }] })).toBe(BAD)
  })
})
