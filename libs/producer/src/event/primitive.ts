import type { PrimitiveNode } from '../schema/node.ts'
import type { WireValue } from './wire-value.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Types whose values are milliseconds, so that a Date says the same. */
const MILLIS = ['timestamp-millis', 'local-timestamp-millis']

/** The value for the wire; undefined when it is none of the type. Nothing is rounded, parsed or cut. */
export function primitiveValue({ kind, logicalType }: PrimitiveNode, given: unknown): WireValue | undefined {
  switch (kind) {
    case 'null':
      return given === null ? null : undefined
    case 'boolean':
      return typeof given === 'boolean' ? given : undefined
    case 'int':
      return typeof given === 'number' && (given | 0) === given ? given : undefined
    case 'long':
      return longOf(given, logicalType !== null && MILLIS.includes(logicalType))
    case 'float':
      // A finite number beyond a float's range would become infinite.
      return typeof given === 'number' && Number.isFinite(Math.fround(given)) === Number.isFinite(given)
        ? given
        : undefined
    case 'double':
      return typeof given === 'number' ? given : undefined
    case 'bytes':
      return bytesOf(given)
    case 'string':
      // Half of a surrogate pair has no UTF-8 form; it would silently become U+FFFD.
      if (typeof given !== 'string' || !given.isWellFormed()) return undefined
      return logicalType === 'uuid' && !UUID.test(given) ? undefined : given
  }
}

export function bytesOf(given: unknown): Buffer | undefined {
  return given instanceof Uint8Array ? Buffer.from(given.buffer, given.byteOffset, given.byteLength) : undefined
}

function longOf(given: unknown, isMillis: boolean): bigint | undefined {
  if (typeof given === 'bigint') return BigInt.asIntN(64, given) === given ? given : undefined
  const number = isMillis && given instanceof Date ? given.getTime() : given
  return typeof number === 'number' && Number.isSafeInteger(number) ? BigInt(number) : undefined
}
