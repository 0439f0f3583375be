import type { Contracts, Stream } from '@weir/contracts'
import { avroType, isObject } from '../events/avro-type.ts'
import { complete, type Missing, type Problem, problemPath } from '../events/complete.ts'
import type { Value } from '../events/value.ts'
import type { CaseFault, Expected, PolicyCase } from './case.ts'
import { type At, CaseFile } from './case-file.ts'
import { readConsents } from './read-consents.ts'

const KEYS = ['name', 'event', 'consent', 'device', 'expect']

/** Reads `<stream>/cases.yaml`. Everything that is wrong with it comes as faults. */
export function readCases(
  text: string,
  file: string,
  stream: Stream,
  contracts: Contracts,
): { readonly cases: readonly PolicyCase[]; readonly faults: readonly CaseFault[] } {
  const source = new CaseFile(file, text)
  if (source.faults.length > 0) return { cases: [], faults: source.faults }
  if (!Array.isArray(source.content) || source.content.length === 0) {
    source.fault([], 'there are no cases', 'Write a list of cases, each with name, event and expect')
    return { cases: [], faults: source.faults }
  }
  const reader = new CaseReader(source, stream, contracts)
  const cases = source.content.map((content, i) => reader.read(content, i))
  return { cases: cases.filter((one) => one !== null), faults: source.faults }
}

class CaseReader {
  readonly #source: CaseFile
  readonly #stream: Stream
  readonly #contracts: Contracts
  readonly #names = new Set<string>()

  constructor(source: CaseFile, stream: Stream, contracts: Contracts) {
    this.#source = source
    this.#stream = stream
    this.#contracts = contracts
  }

  /** Null after adding faults. */
  read(content: unknown, index: number): PolicyCase | null {
    const before = this.#source.faults.length
    if (!isObject(content)) {
      this.#source.fault([index], 'this is no case', `Write these keys: ${KEYS.join(', ')}`)
      return null
    }
    for (const key of Object.keys(content)) {
      if (!KEYS.includes(key))
        this.#source.fault([index, key], `unknown key "${key}"`, `Known keys are: ${KEYS.join(', ')}`)
    }
    const name = this.#name(content['name'], index)
    const event = this.#value(this.#stream.rawSchema, content['event'], [index, 'event'], 'sample')
    const { purposes } = this.#contracts
    const consent = readConsents(content['consent'], purposes, this.#source, [index, 'consent'])
    const device = readConsents(content['device'], purposes, this.#source, [index, 'device'])
    const expect = this.#expect(content['expect'], [index, 'expect'])
    if (this.#source.faults.length > before) return null
    const { line } = this.#source.spot([index])
    return { name, file: this.#source.file, line, event, consent, device, expect }
  }

  #name(name: unknown, index: number): string {
    if (typeof name !== 'string' || name.trim() === '') {
      this.#source.fault([index], 'the case has no name', 'Add "name:", a sentence about what passes and what does not')
      return ''
    }
    if (this.#names.has(name)) this.#source.fault([index, 'name'], 'two cases have this name', 'Give each its own')
    this.#names.add(name)
    return name
  }

  #expect(expect: unknown, at: At): PolicyCase['expect'] {
    if (expect === 'quarantined') return expect
    const names = this.#stream.outputs.map((output) => output.purpose.name)
    const expected = new Map<string, Expected>()
    if (!isObject(expect) || Object.keys(expect).length === 0) {
      const mend = `Write for one purpose or more (${names.join(', ')}) the clean event or "withheld"; or "quarantined" for all`
      this.#source.fault(at, 'nothing is expected', mend)
      return expected
    }
    for (const [purpose, written] of Object.entries(expect)) {
      const output = this.#stream.outputs.find((one) => one.purpose.name === purpose)
      if (output === undefined) {
        const what = `no policy of ${this.#stream.name} is for "${purpose}"`
        this.#source.fault([...at, purpose], what, `Purposes are: ${names.join(', ')}`)
      } else if (written === 'withheld') expected.set(purpose, 'withheld')
      else if (isObject(written)) {
        expected.set(purpose, { event: this.#value(output.cleanSchema, written, [...at, purpose], 'null') })
      } else {
        const mend = 'Write the clean event, leaf by leaf, or "withheld"'
        this.#source.fault([...at, purpose], `this says nothing of what ${purpose} gets`, mend)
      }
    }
    return expected
  }

  #value(schema: unknown, written: unknown, at: At, missing: Missing): Value {
    const problems: Problem[] = []
    const value = complete(avroType(schema), written ?? {}, missing, problems)
    for (const problem of problems) {
      const path = problemPath(problem)
      const where = path === '' ? '' : `${path}: `
      this.#source.fault([...at, ...problem.at], where + problem.what, problem.mend)
    }
    return value
  }
}
