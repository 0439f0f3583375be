import type { ArrayNode, MapNode, RecordNode, SchemaNode, UnionNode } from '../schema/schema-node.ts'
import type { Place } from './places.ts'
import { MAX_DEPTH, type SchemaFacts } from './schema-facts.ts'

/** How a walk goes: a whole one checks all; an early one stops behind the last place that was asked for. */
export type WalkKind = 'whole' | 'early'

/**
 * Where a value stands, counted in levels. Null: so high up that nothing below it can be too deep. Otherwise `levels`
 * below the root, or below `d`, the depth that the routine was called with.
 */
type Depth = { readonly fromCaller: boolean; readonly levels: number } | null

const ROOT: Depth = { fromCaller: false, levels: 0 }

/** More code than this in one routine is parted: engines leave routines slow that are too large. */
const MOST_WEIGHT = 120

/**
 * Writes the text of routines that walk over records of one schema. It holds numbers and these words alone: `b` bytes,
 * `v` a view of them, `at`, `e` the record's end, `p` positions and `q` where the record's begin, `d` depth, `w` the Walk;
 * never a name of the schema. A routine gives the offset after what it passed, or -1.
 */
export class WalkText {
  readonly #facts: SchemaFacts
  readonly #kind: WalkKind
  readonly #routines: string[] = []
  readonly #shared = new Map<SchemaNode, { flat?: string; deep?: string }>()
  #names = 0

  constructor(facts: SchemaFacts, kind: WalkKind) {
    this.#facts = facts
    this.#kind = kind
  }

  /** All routines; the last line gives the one that walks over a whole record and notes what was asked for. */
  of(root: Place): string {
    const main = this.#routine('b,v,at,e,p,q', this.#value(root.node, root, ROOT, this.#kind === 'early'))
    return `'use strict'\n${this.#routines.join('\n')}\nreturn ${main}`
  }

  #routine(parameters: string, body: string): string {
    const name = `f${this.#names++}`
    this.#routines.push(`function ${name}(${parameters}){\nlet n=0\n${body}\nreturn at\n}`)
    return name
  }

  /** @param isLast nothing that was asked for lies behind it, and the walk is an early one */
  #value(node: SchemaNode, place: Place | undefined, depth: Depth, isLast: boolean): string {
    const below = this.#isFlat(node, depth) ? null : depth
    if (place === undefined || !isAsked(place)) return this.#unasked(node, below)
    const { start, end } = place.asked
    return [
      start < 0 ? '' : `p[q+${start}]=at`,
      this.#outlined(node, this.#facts.ownWeight(node), place, below, isLast) ?? this.#here(node, place, below, isLast),
      end < 0 ? '' : `p[q+${end}]=at`,
    ].join('\n')
  }

  #unasked(node: SchemaNode, depth: Depth): string {
    if (this.#facts.hasNoBytes(node)) return this.#noBytes(node, depth)
    if (this.#facts.isShared(node)) return this.#callShared(node, depth)
    return (
      this.#outlined(node, this.#facts.weight(node), undefined, depth, false) ??
      this.#here(node, undefined, depth, false)
    )
  }

  #isFlat(node: SchemaNode, depth: Depth): boolean {
    return depth === null || (!depth.fromCaller && depth.levels + this.#facts.height(node) <= MAX_DEPTH)
  }

  /** Nothing to pass, but it may lie too deep. */
  #noBytes(node: SchemaNode, depth: Depth): string {
    return depth === null ? '' : tooDeep({ ...depth, levels: depth.levels + this.#facts.height(node) })
  }

  #callShared(node: SchemaNode, depth: Depth): string {
    const known = this.#shared.get(node) ?? {}
    this.#shared.set(node, known)
    if (depth === null) {
      if (known.flat === undefined) {
        const name = `s${this.#names++}`
        known.flat = name
        this.#routines.push(sharedRoutine(name, 'b,v,at,e', this.#here(node, undefined, null, false)))
      }
      return pass(`${known.flat}(b,v,at,e)`)
    }
    if (known.deep === undefined) {
      const name = `s${this.#names++}`
      // Known before its own text is made: a recursive type calls itself.
      known.deep = name
      const body = this.#here(node, undefined, { fromCaller: true, levels: 0 }, false)
      this.#routines.push(sharedRoutine(name, 'b,v,at,e,d', body))
    }
    return pass(`${known.deep}(b,v,at,e,${depthText(depth)})`)
  }

  /** A routine of its own for a value whose code would make the one around it too large; null for any other. */
  #outlined(node: SchemaNode, weight: number, place: Place | undefined, depth: Depth, isLast: boolean): string | null {
    if (weight <= MOST_WEIGHT) return null
    return this.#call(depth, () => this.#here(node, place, depth, isLast), place !== undefined)
  }

  #call(depth: Depth, body: () => string, isMarked: boolean): string {
    const parameters = ['b,v,at,e', ...(isMarked ? ['p,q'] : []), ...(depth?.fromCaller === true ? ['d'] : [])].join()
    return pass(`${this.#routine(parameters, body())}(${parameters})`)
  }

  #here(node: SchemaNode, place: Place | undefined, depth: Depth, isLast: boolean): string {
    switch (node.kind) {
      case 'null':
        return ''
      case 'boolean':
        return 'if(at>=e||b[at]>1)return -1\nat++'
      case 'int':
        return `${HAS_BYTE}\nif(b[at++]>127&&(at=w.restOfInt(b,at,e))<0)return -1`
      case 'long':
        return `${HAS_BYTE}\nif(b[at++]>127&&(at=w.restOfLong(b,at,e))<0)return -1`
      case 'float':
        return take(4)
      case 'double':
        return take(8)
      case 'fixed':
        return take(node.size)
      case 'bytes':
        return pass('w.passBytes(b,at,e)')
      case 'string':
        return this.#text()
      case 'enum':
        return `${INDEX}\nif((n&1)===1||n>${node.symbols.length * 2 - 2})return -1`
      case 'record':
        return this.#record(node, place, inner(depth), isLast)
      case 'union':
        return this.#union(node, place, inner(depth), isLast)
      case 'array':
        return this.#blocks(node, '', inner(depth))
      case 'map':
        return this.#blocks(node, this.#text(), inner(depth))
    }
  }

  /** What an early walk only passes is not checked: that is for the whole one. */
  #text(): string {
    return pass(this.#kind === 'early' ? 'w.passBytes(b,at,e)' : 'w.passText(b,v,at,e)')
  }

  #record(node: RecordNode, place: Place | undefined, depth: Depth, isLast: boolean): string {
    const places = place?.asked.fields ?? []
    const last = isLast
      ? places.findLastIndex((field) => field !== undefined && isAsked(field))
      : node.fields.length - 1
    const fields = node.fields.slice(0, last + 1)
    const one = (i: number): string =>
      this.#value((fields[i] as RecordNode['fields'][number]).type, places[i], depth, isLast && i === last)
    const check = fields.length === 0 ? '' : tooDeep(depth)
    if (check === ALWAYS_TOO_DEEP) return check
    return [
      check,
      ...this.#parted(
        fields.map((field) => this.#facts.weight(field.type)),
        one,
        place,
        depth,
      ),
    ].join('\n')
  }

  /** The parts one after the other; when they are many, some at a time in a routine of their own. */
  #parted(weights: readonly number[], one: (i: number) => string, place: Place | undefined, depth: Depth): string[] {
    const groups: number[][] = [[]]
    let sum = 0
    for (const [i, weight] of weights.entries()) {
      if (sum > 0 && sum + weight > MOST_WEIGHT) {
        groups.push([])
        sum = 0
      }
      groups.at(-1)?.push(i)
      sum += weight
    }
    if (groups.length === 1) return weights.map((_weight, i) => one(i))
    return groups.map((group) => this.#call(depth, () => group.map(one).join('\n'), place !== undefined))
  }

  #union(node: UnionNode, place: Place | undefined, depth: Depth, isLast: boolean): string {
    const check = tooDeep(depth)
    if (check === ALWAYS_TOO_DEEP) return check
    const places = place?.asked.branches ?? []
    const isLarge = this.#facts.ownWeight(node) > MOST_WEIGHT
    const cases = node.branches.map((branch, i) => {
      const own = places[i]
      const absent = places.flatMap((other, j) => (j === i || other === undefined ? [] : absentText(other)))
      const value = (): string => this.#value(branch, own, depth, isLast && own !== undefined && isAsked(own))
      const text = isLarge && this.#facts.weight(branch) > 1 ? this.#call(depth, value, own !== undefined) : value()
      return `case ${i * 2}:\n${[...absent, text].join('\n')}\nbreak`
    })
    return `${INDEX}\n${check}\nswitch(n){\n${cases.join('\n')}\ndefault:return -1\n}`
  }

  /** Blocks of items until an empty one; a negative count is followed by the block's size in bytes. */
  #blocks(node: ArrayNode | MapNode, key: string, depth: Depth): string {
    const id = this.#names++
    const [count, stop, seen] = [`c${id}`, `t${id}`, `h${id}`]
    const check = tooDeep(depth)
    const items = node.kind === 'array' ? node.items : node.values
    const item = check === ALWAYS_TOO_DEEP ? '' : this.#value(items, undefined, depth, false)
    return `for(let ${seen}=false;;){
${HAS_BYTE}
let ${count}=b[at++],${stop}=-1
if(${count}===0)break
if(${count}>127||(${count}&1)===1){
if((${count}=w.blockCount(b,at-1,e))<0)return -1
at=w.next
if(${count}===0)break
${stop}=w.blockEnd
}else ${count}>>=1
if(${seen})w.canonical=false
${seen}=true
if(${count}>w.items)return -1
w.items-=${count}
${check}
for(;${count}>0;${count}--){
${key}
${item}
}
if(${stop}>=0&&at!==${stop})return -1
}`
  }
}

const HAS_BYTE = 'if(at>=e)return -1'

/** An index as it is written, twice the number, in `n`; -1 or odd when it is none. */
const INDEX = `${HAS_BYTE}\nif((n=b[at++])>127){n=w.longIndex(b,at-1,e);at=w.next}`

const ALWAYS_TOO_DEEP = 'return -1'

function sharedRoutine(name: string, parameters: string, body: string): string {
  return `function ${name}(${parameters}){\nlet n=0\n${body}\nreturn at\n}`
}

function pass(call: string): string {
  return `if((at=${call})<0)return -1`
}

function take(count: number): string {
  return `if(e-at<${count})return -1\nat+=${count}`
}

function inner(depth: Depth): Depth {
  return depth === null ? null : { ...depth, levels: depth.levels + 1 }
}

/** Ends the walk when a value of this depth is met. */
function tooDeep(depth: Depth): string {
  if (depth === null || (!depth.fromCaller && depth.levels <= MAX_DEPTH)) return ''
  return depth.fromCaller && depth.levels <= MAX_DEPTH ? `if(d>${MAX_DEPTH - depth.levels})return -1` : ALWAYS_TOO_DEEP
}

function depthText(depth: { readonly fromCaller: boolean; readonly levels: number }): string {
  return depth.fromCaller ? `d+${depth.levels}` : String(depth.levels)
}

/** Whether a slot was asked for at the place or below it. */
function isAsked(place: Place): boolean {
  const { start, end, fields, branches } = place.asked
  return start >= 0 || end >= 0 || [...fields, ...branches].some((below) => below !== undefined && isAsked(below))
}

/** The place does not stand in the record, and nothing below it. */
function absentText(place: Place): string[] {
  const { start, end, fields, branches } = place.asked
  const own = [start, end].filter((slot) => slot >= 0).map((slot) => `p[q+${slot}]=-1`)
  return [...own, ...[...fields, ...branches].flatMap((below) => (below === undefined ? [] : absentText(below)))]
}
