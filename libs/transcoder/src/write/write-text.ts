import { MAX_PSEUDONYM_BYTES } from '../port.ts'
import { type Code, code } from './code.ts'
import { encodeCount } from './encode.ts'
import type { ArrayOp, Copy, MapOp, Op, PseudonymOp, Range } from './plan.ts'
import { askProbe, isBranch } from './probe-text.ts'
import { positionIn, type Routine, type Scope } from './routine.ts'
import { scanEntries } from './scan-text.ts'
import type { WalkText } from './walk-text.ts'

/** Index and length of a pseudonym, one byte each. */
const PSEUDONYM_GROWTH = 2 + MAX_PSEUDONYM_BYTES
/** Count of a map's entries, and the zero behind them. */
const MAP_GROWTH = 6

/** As many bytes as a number has decimals; used by one value after the other. */
const decimalText = Buffer.alloc(20)

/**
 * The most bytes that ops write beyond as many as the record has, but for elements of arrays, which ask for their own
 * room. No two ops copy the same bytes, so that all copies together are no longer than the record.
 */
export function growthOf(ops: readonly Op[]): number {
  return ops.reduce((sum, op) => sum + growth(op), 0)
}

function growth(op: Op): number {
  switch (op.kind) {
    case 'bytes':
      return op.bytes.length
    case 'copy':
    case 'array':
      return 0
    case 'choose':
      return Math.max(growthOf(op.held), growthOf(op.otherwise))
    case 'verb':
      return op.writer.growth
    case 'host':
    case 'listed':
      return 1
    case 'pseudonym':
      return PSEUDONYM_GROWTH
    case 'map':
      return op.entries.reduce((sum, { key, body }) => sum + 5 + key.length + growthOf(body), MAP_GROWTH)
  }
}

/** Text of ops: they append to `out` at `at`. `spare` is the variable with what may still be written in this scope. */
export class WriteText {
  readonly #routine: Routine
  readonly #walk: WalkText

  constructor(routine: Routine, walk: WalkText) {
    this.#routine = routine
    this.#walk = walk
  }

  write(ops: readonly Op[], scope: Scope, spare: Code): void {
    for (const op of ops) this.#op(op, scope, spare)
  }

  #op(op: Op, scope: Scope, spare: Code): void {
    const routine = this.#routine
    switch (op.kind) {
      case 'bytes':
        return this.#bytes(op.bytes)
      case 'copy':
        return this.#copy(op, scope)
      case 'choose':
        routine.add(code`if (${isBranch(positionIn(scope, op.at), op.index)}) {`)
        this.write(op.held, scope, spare)
        routine.add(code`} else {`)
        this.write(op.otherwise, scope, spare)
        return routine.add(code`}`)
      case 'verb':
        return routine.add(code`at = ${routine.constant(op.writer.write)}(from, ${range(op, scope)}, out, at)`)
      case 'host':
        routine.add(code`at = writeHost(from, ${range(op, scope)}, sink, at, ${spare})`)
        return routine.add(REREAD)
      case 'listed':
        routine.add(code`if (${routine.constant(op.values)}.has(from, ${range(op, scope)})) {`)
        this.#bytes([2])
        this.#copy({ kind: 'copy', start: op.start, end: op.end, size: null }, scope)
        return routine.add(code`} else out[at++] = 0`)
      case 'pseudonym':
        return this.#pseudonym(op, scope)
      case 'array':
        return this.#array(op, scope, spare)
      case 'map':
        return this.#map(op, scope, spare)
    }
  }

  #bytes(bytes: readonly number[]): void {
    const routine = this.#routine
    if (bytes.length > 8) return routine.add(code`at = writeBytes(${routine.constant(Buffer.from(bytes))}, out, at)`)
    for (const byte of bytes) routine.add(code`out[at++] = ${byte}`)
  }

  #copy(op: Copy, scope: Scope): void {
    const routine = this.#routine
    const start = positionIn(scope, op.start)
    switch (op.size) {
      case 1:
        return routine.add(code`out[at++] = from[${start}]`)
      case 4:
      case 8:
        for (let i = 0; i < op.size; i += 4) {
          routine.add(code`outView.setInt32(at + ${i}, fromView.getInt32(${start} + ${i}))`)
        }
        return routine.add(code`at += ${op.size}`)
      default:
        return routine.add(code`at = copyRange(from, fromView, ${range(op, scope)}, out, outView, at)`)
    }
  }

  #pseudonym(op: PseudonymOp, scope: Scope): void {
    const routine = this.#routine
    const start = positionIn(scope, op.start)
    const end = positionIn(scope, op.end)
    const [text, length] = [routine.name(), routine.name()]
    routine.add(code`{`)
    let value: Code
    if (op.of === 'number') {
      const scratch = routine.constant(decimalText)
      value = code`${scratch}, 0, writeDecimal(from, ${start}, ${end}, ${scratch})`
    } else if (op.of === 'bytes') {
      value = code`from, ${start}, ${end}`
    } else if (op.of === 'text') {
      routine.add(code`let ${text} = ${start}`)
      routine.add(code`while (from[${text}++] > 127);`)
      value = code`from, ${text}, ${end}`
    } else {
      routine.add(code`let ${text} = ${start}`)
      const index = routine.readCount(text)
      const symbol = routine.name()
      routine.add(code`const ${symbol} = ${routine.constant(op.of)}[${index}]`)
      value = code`${symbol}, 0, ${symbol}.length`
    }
    const pseudonymizer = code`pseudonymizerFor(pseudonymizer, ${routine.constant(op.path)})`
    routine.add(code`const ${length} = ${pseudonymizer}.write(${op.field}, ${value}, out, at + 2)`)
    // A pseudonym is shorter than 64 bytes, so that its length is one.
    routine.add(code`out[at] = 2
out[at + 1] = ${length} << 1
at += 2 + ${length}
}`)
  }

  #array(op: ArrayOp, scope: Scope, spare: Code): void {
    const routine = this.#routine
    const [cursor, room, left, head, kept] = [1, 2, 3, 4, 5].map(() => routine.name()) as [Code, Code, Code, Code, Code]
    routine.add(code`{ let ${cursor} = ${positionIn(scope, op.at)}`)
    const count = routine.readCount(cursor)
    routine.add(code`if (${count} === 0) out[at++] = 0
else {
const ${room} = ${spare} + ${count} * ${growthOf(op.body)}
sink.at = at
sink.room(${room})
${REREAD}
const ${head} = at
at = writeCount(out, at, ${count})`)
    if (op.dropped !== null) routine.add(code`let ${kept} = 0`)
    routine.add(code`for (let ${left} = ${count}; ${left} > 0; ${left}--) {`)
    const inner = routine.scopeOf(op.element)
    this.#walk.note(op.element, inner, cursor)
    if (op.dropped !== null) {
      const isListed = askProbe(routine, this.#walk, op.dropped, inner, 'any')
      routine.add(code`if (${isListed} && !sensitiveAllowed) continue
${kept}++`)
    }
    this.write(op.body, inner, room)
    routine.add(code`}`)
    if (op.dropped === null) routine.add(code`out[at++] = 0`)
    else routine.add(code`at = closeArray(out, ${head}, at, ${count}, ${kept})`)
    routine.add(code`} }`)
  }

  #map(op: MapOp, scope: Scope, spare: Code): void {
    const routine = this.#routine
    routine.add(code`{`)
    const keys = op.entries.map(({ key }) => key)
    const found = scanEntries(routine, this.#walk, positionIn(scope, op.at), op.values, keys)
    const count = routine.name()
    routine.add(code`let ${count} = 0`)
    for (const position of found) routine.add(code`if (${position} >= 0) ${count}++`)
    routine.add(code`at = writeCount(out, at, ${count})`)
    for (const [i, { key, value, body }] of op.entries.entries()) {
      const cursor = found[i] as Code
      routine.add(code`if (${cursor} >= 0) {`)
      this.#bytes([...encodeCount(key.length), ...key])
      const inner = routine.scopeOf(value)
      this.#walk.note(value, inner, cursor)
      this.write(body, inner, spare)
      routine.add(code`}`)
    }
    routine.add(code`if (${count} > 0) out[at++] = 0 }`)
  }
}

/** After each `room`, which may have brought another buffer. */
export const REREAD = code`out = sink.bytes; outView = sink.view`

function range(op: Range, scope: Scope): Code {
  return code`${positionIn(scope, op.start)}, ${positionIn(scope, op.end)}`
}
