import type { Place, Places } from '../read/places.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { type Code, code } from './code.ts'
import type { Routine, Scope } from './routine.ts'
import { countText } from './routine.ts'

/** Text that moves a cursor past values of records that were checked, and notes the places that were asked for. */
export class WalkText {
  readonly #routine: Routine
  /** Functions that skip a value of a type; recursive types call themselves. */
  readonly #skippers = new Map<SchemaNode, Code>()
  /** Skippers that have a name and no text yet. */
  readonly #unwritten: SchemaNode[] = []
  #isWriting = false

  constructor(routine: Routine) {
    this.#routine = routine
  }

  /** Moves `cursor` past an element whose places were asked for. */
  note(places: Places, scope: Scope, cursor: Code): void {
    this.#note(places.root, scope, cursor)
  }

  #note(place: Place, scope: Scope, cursor: Code): void {
    const routine = this.#routine
    const { start, end, fields, branches } = place.asked
    if (start >= 0) routine.add(code`${scope.variable(start)} = ${cursor}`)
    if (place.node.kind === 'record' && fields.length > 0) {
      for (const [i, { type }] of place.node.fields.entries()) {
        const field = fields[i]
        if (field === undefined) this.skip(type, cursor)
        else this.#note(field, scope, cursor)
      }
    } else if (place.node.kind === 'union' && branches.length > 0) {
      const index = routine.readCount(cursor)
      for (const [i, type] of place.node.branches.entries()) {
        const branch = branches[i]
        routine.add(code`${i > 0 ? ELSE : NOTHING}if (${index} === ${i}) {`)
        if (branch === undefined) this.skip(type, cursor)
        else this.#note(branch, scope, cursor)
        routine.add(code`}`)
      }
    } else {
      this.skip(place.node, cursor)
    }
    if (end >= 0) routine.add(code`${scope.variable(end)} = ${cursor}`)
  }

  /** Moves `cursor` past a value. */
  skip(node: SchemaNode, cursor: Code): void {
    const text = this.#skip(node, cursor)
    if (text !== NOTHING) this.#routine.add(text)
  }

  #skip(node: SchemaNode, cursor: Code): Code {
    switch (node.kind) {
      case 'null':
        return NOTHING
      case 'boolean':
        return code`${cursor}++`
      case 'float':
        return code`${cursor} += 4`
      case 'double':
        return code`${cursor} += 8`
      case 'fixed':
        return code`${cursor} += ${node.size}`
      case 'int':
      case 'long':
      case 'enum':
        return code`while (from[${cursor}++] > 127);`
      case 'string':
      case 'bytes': {
        const length = this.#routine.name()
        return code`{ ${countText(cursor, length)}
${cursor} += ${length} }`
      }
      default:
        return code`${cursor} = ${this.#skipper(node)}(from, ${cursor})`
    }
  }

  /** A function for each type that holds others. */
  #skipper(node: Exclude<SchemaNode, { kind: 'null' }>): Code {
    const known = this.#skippers.get(node)
    if (known !== undefined) return known
    const name = this.#routine.name()
    // Known before its text is made, which may be of itself.
    this.#skippers.set(node, name)
    this.#unwritten.push(node)
    if (!this.#isWriting) this.#writeSkippers()
    return name
  }

  /** One after the other, not one within the other: types may lead to one another farther than the stack is deep. */
  #writeSkippers(): void {
    this.#isWriting = true
    for (let node = this.#unwritten.pop(); node !== undefined; node = this.#unwritten.pop()) {
      this.#routine.addFunction(code`function ${this.#skippers.get(node) as Code}(from, p) {
${this.#body(node)}
return p
}`)
    }
    this.#isWriting = false
  }

  #body(node: SchemaNode): Code {
    const p = code`p`
    const n = code`n`
    switch (node.kind) {
      case 'record':
        return joined(node.fields.map(({ type }) => this.#skip(type, p)))
      case 'union': {
        const cases = node.branches.map(
          (branch, i) => code`if (n === ${i}) {
${this.#skip(branch, p)}
return p
}`,
        )
        return code`${countText(p, n)}
${joined(cases)}`
      }
      case 'array':
        return this.#blocks(NOTHING, node.items)
      case 'map':
        return this.#blocks(this.#skip({ kind: 'string', logicalType: null }, p), node.values)
      default:
        return this.#skip(node, p)
    }
  }

  /** One block, and the zero behind it; nothing but the zero when empty. */
  #blocks(key: Code, value: SchemaNode): Code {
    return code`${countText(code`p`, code`n`)}
if (n > 0) {
for (; n > 0; n--) {
${key}
${this.#skip(value, code`p`)}
}
p++
}`
  }
}

const NOTHING = code``
const ELSE = code`else `

function joined(lines: readonly Code[]): Code {
  return lines.join('\n') as Code
}
