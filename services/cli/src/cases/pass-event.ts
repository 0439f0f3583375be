import { decidePurpose, STRIPPED, sensitiveAllowed, WITHHELD } from '@weir/consent'
import type { Branch, Contracts, Output, Stream } from '@weir/contracts'
import {
  type BranchWriter,
  ByteSink,
  compileLocator,
  compileTranscoder,
  FaultCode,
  faultName,
  type Locator,
  Marks,
  newLocated,
  type Pseudonymizer,
  type Transcoder,
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

const pseudonymBytes = Buffer.from(SOME_PSEUDONYM)
const somePseudonym: Pseudonymizer = {
  write(_field, _value, _start, _end, out, at) {
    out.set(pseudonymBytes, at)
    return pseudonymBytes.length
  },
}

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
  readonly #locator: Locator
  readonly #transcoder: Transcoder
  readonly #writers = new Map<Branch, BranchWriter>()
  readonly #marks = new Marks()

  /** @throws Error for a stream whose own raw schema can't be used, which the loader lets through never */
  constructor(contracts: Contracts, stream: Stream) {
    this.#contracts = contracts
    this.#stream = stream
    this.#raw = avroType(stream.rawSchema)
    const locator = compileLocator(stream.rawSchema, stream)
    if ('unusable' in locator)
      throw new Error(`a contract that loads has a schema that can't be used: ${locator.unusable}`)
    this.#locator = locator
    const parts = stream.outputs.flatMap(({ cleanSchema, policies, otherwise }) => {
      const branches = [...policies.map(({ granted }) => granted), ...(otherwise === null ? [] : [otherwise])]
      return branches.map((branch) => ({ cleanSchema, branch }))
    })
    this.#transcoder = compileTranscoder(stream.rawSchema, parts)
    for (const [i, { branch }] of parts.entries()) {
      this.#writers.set(branch, this.#transcoder.branches[i] as BranchWriter)
    }
  }

  pass(event: Value, consent: Consents, device: Consents): PassedAll {
    const bytes = encode(this.#raw, event)
    const located = newLocated()
    const fault = this.#locator.locate(bytes, 0, bytes.length, located)
    if (fault !== FaultCode.ok) return { quarantined: faultName(fault) }

    const subjectState = consentState(consent, located.eventTimeMs)
    const deviceState = located.device === null ? null : consentState(device, located.eventTimeMs)
    const tick = processedAt(located.eventTimeMs)
    this.#marks.clear()
    const record = this.#transcoder.read(bytes, 0, bytes.length, this.#marks)
    if (record < 0) return { quarantined: faultName(-record as FaultCode) }
    const outputs: Passed[] = []
    for (const output of this.#stream.outputs) {
      const rule = purposeRule(output, this.#contracts.purposes)
      const facts = [rule, subjectState, deviceState, located.eventTimeMs, located.ownSignal, tick] as const
      const passed = this.#rewrite(output, decidePurpose(...facts), sensitiveAllowed(...facts), record)
      if (passed === null) return { quarantined: faultName(FaultCode.unusableSchema) }
      outputs.push(passed)
    }
    return { outputs }
  }

  /** Null: the branch that decides can't use the writer schema. */
  #rewrite(output: Output, decision: number, allowed: boolean, record: number): Passed | null {
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
    const writer = this.#writers.get(branch)
    if (!writer?.usable) return null
    const decided = { ...nothing, file: policy.file, branch }
    const clean = new ByteSink()
    if (!writer.write(this.#marks, record, clean, granted ? somePseudonym : null, allowed)) return decided
    const event = decode(avroType(output.cleanSchema), clean.written())
    return { ...decided, outcome: granted ? 'granted' : 'stripped', event }
  }
}
