import { decidePurpose, STRIPPED, sensitiveAllowed, WITHHELD } from '@weir/consent'
import type { Branch, Contracts, Output, Stream } from '@weir/contracts'
import {
  compileLocator,
  compileRewriter,
  FaultCode,
  faultName,
  newLocated,
  RewriteFault,
  type Rewriter,
} from '@weir/transcoder'
import { type AvroType, avroType } from '../events/avro-type.ts'
import { decode } from '../events/decode.ts'
import { encode } from '../events/encode.ts'
import type { Value } from '../events/value.ts'
import type { Consents } from './case.ts'
import { consentState, processedAt } from './consent-states.ts'
import { purposeRule } from './purpose-rule.ts'

/** Stands for any pseudonym. */
export const SOME_PSEUDONYM = `1.${'0'.repeat(32)}`

/** What one purpose gets of one event. */
export interface Passed {
  readonly output: Output
  readonly outcome: 'granted' | 'stripped' | 'withheld'
  /** The file and the branch in it that decided; null when nothing did. */
  readonly file: string | null
  readonly branch: Branch | null
  readonly sensitiveAllowed: boolean
  /** The clean event; null when withheld. */
  readonly event: Value
}

/** Every output of the stream, in order; or the name of the fault that sends the event to quarantine. */
export type PassedAll = { readonly quarantined: string } | { readonly outputs: readonly Passed[] }

/** Takes events of one stream the way that the sanitizer takes them: encode, locate, decide, rewrite. */
export class EventPass {
  readonly #contracts: Contracts
  readonly #stream: Stream
  readonly #raw: AvroType
  readonly #rewriters = new Map<Branch, Rewriter>()

  constructor(contracts: Contracts, stream: Stream) {
    this.#contracts = contracts
    this.#stream = stream
    this.#raw = avroType(stream.rawSchema)
  }

  pass(event: Value, consent: Consents, device: Consents): PassedAll {
    const bytes = encode(this.#raw, event)
    const locator = compileLocator(this.#stream.rawSchema, this.#stream)
    if ('unusable' in locator)
      throw new Error(`a contract that loads has a schema that can't be used: ${locator.unusable}`)
    const located = newLocated()
    const fault = locator.locate(bytes, 0, bytes.length, located)
    if (fault !== FaultCode.ok) return { quarantined: faultName(fault) }

    const subjectState = consentState(consent, located.eventTimeMs)
    const deviceState = located.device === null ? null : consentState(device, located.eventTimeMs)
    const tick = processedAt(located.eventTimeMs)
    const outputs: Passed[] = []
    for (const output of this.#stream.outputs) {
      const rule = purposeRule(output, this.#contracts.purposes)
      const facts = [rule, subjectState, deviceState, located.eventTimeMs, located.ownSignal, tick] as const
      const passed = this.#rewrite(output, decidePurpose(...facts), sensitiveAllowed(...facts), bytes)
      if ('quarantined' in passed) return passed
      outputs.push(passed)
    }
    return { outputs }
  }

  #rewrite(
    output: Output,
    decision: number,
    allowed: boolean,
    bytes: Buffer,
  ): Passed | { readonly quarantined: string } {
    const nothing = {
      output,
      outcome: 'withheld',
      file: null,
      branch: null,
      sensitiveAllowed: allowed,
      event: null,
    } as const
    if (decision === WITHHELD) return nothing
    const granted = decision !== STRIPPED
    const policy = granted ? output.policies[decision] : output.policies.at(-1)
    const branch = granted ? policy?.granted : output.otherwise
    if (branch === undefined || branch === null || policy === undefined) throw new Error('a decision names no branch')
    const decided = { ...nothing, file: policy.file, branch }
    try {
      const pseudonymize = granted ? () => SOME_PSEUDONYM : null
      const clean = this.#rewriter(output, branch).rewrite(bytes, 0, bytes.length, pseudonymize, allowed)
      if (clean === null) return decided
      const event = decode(avroType(output.cleanSchema), clean)
      return { ...decided, outcome: granted ? 'granted' : 'stripped', event }
    } catch (error) {
      if (error instanceof RewriteFault) return { quarantined: faultName(error.fault) }
      throw error
    }
  }

  #rewriter(output: Output, branch: Branch): Rewriter {
    const known = this.#rewriters.get(branch)
    if (known !== undefined) return known
    const made = compileRewriter(this.#stream.rawSchema, output.cleanSchema, branch)
    this.#rewriters.set(branch, made)
    return made
  }
}
