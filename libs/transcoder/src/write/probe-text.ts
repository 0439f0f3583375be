import { type Code, code } from './code.ts'
import type { Probe } from './plan-probe.ts'
import { positionIn, type Routine, type Scope } from './routine.ts'
import { scanEntries } from './scan-text.ts'
import type { WalkText } from './walk-text.ts'

/**
 * How much of several values counts, where a path leads through arrays or maps: the first that is not null, or any.
 */
export type Count = 'first' | 'any'

/** Text that asks a probe. @returns the variable that holds whether it holds */
export function askProbe(routine: Routine, walk: WalkText, probe: Probe, scope: Scope, count: Count): Code {
  const holds = routine.name()
  const asked = routine.name()
  routine.add(code`let ${holds} = false`)
  routine.add(code`${asked}: {`)
  ask(probe, scope)
  routine.add(code`}`)
  return holds

  function ask(one: Probe, inScope: Scope): void {
    switch (one.kind) {
      case 'leaf': {
        const is = code`${routine.constant(one.is)}(from, ${positionIn(inScope, one.start)}, ${positionIn(inScope, one.end)})`
        if (count === 'first') routine.add(code`${holds} = ${is}; break ${asked}`)
        else routine.add(code`if (${is}) { ${holds} = true; break ${asked} }`)
        break
      }
      case 'choose':
        routine.add(code`if (${isBranch(positionIn(inScope, one.at), one.index)}) {`)
        ask(one.inner, inScope)
        routine.add(code`}`)
        break
      case 'items': {
        const cursor = routine.name()
        routine.add(code`{ let ${cursor} = ${positionIn(inScope, one.at)}`)
        const left = routine.readCount(cursor)
        routine.add(code`for (; ${left} > 0; ${left}--) {`)
        const inner = routine.scopeOf(one.element)
        walk.note(one.element, inner, cursor)
        ask(one.inner, inner)
        routine.add(code`} }`)
        break
      }
      case 'entries': {
        routine.add(code`{`)
        const keys = one.entries.map(({ key }) => key)
        const found = scanEntries(routine, walk, positionIn(inScope, one.at), one.values, keys)
        for (const [i, { value, inner }] of one.entries.entries()) {
          const cursor = found[i] as Code
          routine.add(code`if (${cursor} >= 0) {`)
          const valueScope = routine.scopeOf(value)
          walk.note(value, valueScope, cursor)
          ask(inner, valueScope)
          routine.add(code`}`)
        }
        routine.add(code`}`)
      }
    }
  }
}

/** Whether a union holds the branch of an index. */
export function isBranch(at: Code, index: number): Code {
  // Two bytes are enough for 8,192 branches.
  if (index < 64) return code`from[${at}] === ${index * 2}`
  return code`from[${at}] === ${((index * 2) & 0x7f) | 0x80} && from[${at} + 1] === ${index >> 6}`
}
