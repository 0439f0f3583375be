import type { SchemaNode } from '../schema/schema-node.ts'
import { type Code, code } from './code.ts'
import type { Routine } from './routine.ts'
import type { WalkText } from './walk-text.ts'

/**
 * Text that looks through a map's entries for keys; of a repeated one the last entry counts.
 * @returns by key the variable with the position of its value, -1 where the map has none
 */
export function scanEntries(
  routine: Routine,
  walk: WalkText,
  at: Code,
  values: SchemaNode,
  keys: readonly Uint8Array[],
): readonly Code[] {
  const cursor = routine.name()
  const found = keys.map(() => routine.name())
  for (const position of found) routine.add(code`let ${position} = -1`)
  routine.add(code`let ${cursor} = ${at}`)
  const left = routine.readCount(cursor)
  routine.add(code`for (; ${left} > 0; ${left}--) {`)
  const length = routine.readCount(cursor)
  const key = routine.name()
  routine.add(code`const ${key} = ${cursor}`)
  routine.add(code`${cursor} += ${length}`)
  for (const [i, position] of found.entries()) {
    const wanted = routine.constant(keys[i])
    routine.add(code`${i > 0 ? ELSE : FIRST}if (isText(${wanted}, from, ${key}, ${length})) ${position} = ${cursor}`)
  }
  walk.skip(values, cursor)
  routine.add(code`}`)
  return found
}

const FIRST = code``
const ELSE = code`else `
