import type { NumberKind } from '../../schema/number-kind.ts'
import { readBigLong, readLong } from '../longs.ts'

/** A number of the writer's; a long as bigint where a number would round it. */
export function readNumber(kind: NumberKind, from: Buffer, start: number, end: number): number | bigint {
  switch (kind) {
    case 'int':
    case 'long': {
      const value = readLong(from, start, end)
      return Number.isNaN(value) ? readBigLong(from, start, end) : value
    }
    case 'float':
      return from.readFloatLE(start)
    case 'double':
      return from.readDoubleLE(start)
  }
}

/** @returns where the next byte goes */
export function writeFloat(kind: 'float' | 'double', value: number, out: Buffer, at: number): number {
  return kind === 'float' ? out.writeFloatLE(value, at) : out.writeDoubleLE(value, at)
}
