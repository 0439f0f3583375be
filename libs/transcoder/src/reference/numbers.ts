import type { NumberKind } from '../schema/number-kind.ts'
import { bytesOf, type TwinValue } from './avro-twin.ts'

/** A number as its Avro type has it: a long as bigint, so that none is rounded. */
export function numberOf(kind: NumberKind, value: TwinValue): number | bigint {
  switch (kind) {
    case 'int':
    case 'long':
      if (typeof value !== 'number' && typeof value !== 'bigint') throw new TypeError('a twin value is no number')
      return value
    case 'float':
      return bytesOf(value).readFloatLE()
    case 'double':
      return bytesOf(value).readDoubleLE()
  }
}

/** The twin value of a number in its Avro type; null when the type can't hold it (1.5 in a long). Floats are rounded. */
export function numberIn(kind: NumberKind, value: number): TwinValue {
  switch (kind) {
    case 'int':
      return Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31 ? value + 0 : null
    case 'long':
      return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(value) : null
    case 'float': {
      const bytes = Buffer.alloc(4)
      bytes.writeFloatLE(value)
      return bytes
    }
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value)
      return bytes
    }
  }
}
