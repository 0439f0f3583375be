import { describe, expect, test } from 'vitest'
import { millisAt } from './millis.ts'

function varint(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

/** Rounded down, by the definition of it. */
function floorMillis(value: bigint, units: bigint): number {
  const quotient = value / units
  return Number(value < 0n && quotient * units !== value ? quotient - 1n : quotient)
}

const TIMES = [0n, 1n, 999n, 1_000n, 1_700_000_123_456n, 1_700_000_123_456_789n, 1_700_000_123_456_789_012n]
const EDGES = [2n ** 52n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1_000n].flatMap((edge) => [edge - 1n, edge, edge + 999n])

describe('time of a record', () => {
  test.each([1, 1_000, 1_000_000])('is rounded down to milliseconds of %d units, exactly', (units) => {
    for (const time of [...TIMES, ...EDGES]) {
      for (const value of [time, -time, -time - 1n]) {
        expect(millisAt(varint(value), 0, units)).toBe(floorMillis(value, BigInt(units)))
      }
    }
  })

  test('reads a padded varint', () => {
    expect(millisAt(Buffer.of(0x83, 0x80, 0x00), 0, 1)).toBe(-2)
  })
})
