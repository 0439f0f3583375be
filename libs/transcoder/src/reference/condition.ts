import type { LeafIs } from '@weir/contracts'
import type { SchemaNode } from '../schema/schema-node.ts'
import type { Twin, TwinValue } from './avro-twin.ts'
import { isConstant } from './constant.ts'
import { findPath } from './leaf-path.ts'

/** Whether all of these hold of a record. */
export type Condition = (record: TwinValue) => boolean

/**
 * True for a record that has one of the constants in each leaf. A leaf that is null, that the writer schema lacks, or
 * that it has in a form that can't be compared has none: what is not known to hold lets nothing through.
 */
export function compileCondition(root: SchemaNode, twin: Twin, leaves: readonly LeafIs[]): Condition {
  const tests = leaves.map(({ path, constants }): Condition => {
    const found = findPath(root, twin, path)
    if (found === null) return () => false
    const matches = constants.map((constant) => isConstant(found.node, constant))
    return (record) => {
      const value = found.read(record)
      return value !== null && matches.some((is) => is(value))
    }
  })
  return (record) => tests.every((test) => test(record))
}
