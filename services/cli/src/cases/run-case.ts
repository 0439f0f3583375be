import { avroType } from '../events/avro-type.ts'
import { plain } from '../events/plain.ts'
import type { Expected, PolicyCase } from './case.ts'
import { compareEvents, type Difference, withPseudonyms } from './compare-events.ts'
import type { EventPass, Passed, PassedAll } from './pass-event.ts'

/** What one purpose got, where it is not what was expected. */
export interface Mismatch {
  /** Null: the event as a whole was, or was not, quarantined. */
  readonly purpose: string | null
  /** What decided: `granted by shop/tips.2.yaml`, `withheld`, … */
  readonly decided: string
  readonly differences: readonly Difference[]
}

/** Empty: the case passes. */
export function runCase(pass: EventPass, one: PolicyCase): Mismatch[] {
  const passed = pass.pass(one.event, one.consent, one.device)
  const { expect } = one
  if ('quarantined' in passed) {
    if (expect === 'quarantined') return []
    return [whole([...expect.keys()].join(', '), `quarantined (${passed.quarantined})`)]
  }
  if (expect === 'quarantined') return [whole('quarantined', outcomes(passed))]
  return [...expect].flatMap(([purpose, expected]) => {
    const found = passed.outputs.find((output) => output.output.purpose.name === purpose)
    if (found === undefined) throw new Error('a case expects an output that its stream does not have')
    const differences = differencesOf(expected, found)
    return differences.length === 0 ? [] : [{ purpose, decided: decidedBy(found), differences }]
  })
}

function differencesOf(expected: Expected, { output, outcome, event }: Passed): Difference[] {
  const type = avroType(output.cleanSchema)
  if (expected === 'withheld') {
    return outcome === 'withheld' ? [] : [{ path: '', expected, actual: withPseudonyms(plain(type, event)) }]
  }
  if (outcome === 'withheld') return [{ path: '', expected: plain(type, expected.event), actual: 'withheld' }]
  return compareEvents(type, expected.event, event)
}

function decidedBy({ outcome, file }: Passed): string {
  return file === null ? outcome : `${outcome} by ${file}`
}

function whole(expected: string, actual: string): Mismatch {
  return { purpose: null, decided: actual, differences: [{ path: '', expected, actual }] }
}

function outcomes({ outputs }: Extract<PassedAll, { readonly outputs: unknown }>): string {
  return outputs.map((one) => `${one.output.purpose.name} ${one.outcome}`).join(', ')
}
