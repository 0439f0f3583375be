import type { Looked } from '@weir/consent-view'
import { type Path, pathText } from '@weir/contracts'
import { type GrantKey, subjectPseudonym } from '@weir/pseudonym'
import type { Environment } from './environment.ts'
import type { Located } from './locate.ts'

/** A data subject as one purpose knows them under one grant. */
export interface GrantedPerson {
  /** Record key, and the value of the subject leaf. */
  readonly subject: string
  readonly pseudonymize: (path: Path, value: Uint8Array) => string
}

const REF_BYTES = 16

/** Pseudonyms of a chunk's people by purpose and grant: derived once a person, remembered for the chunk. */
export class GrantPseudonyms {
  readonly #env: Environment
  readonly #located: Located
  readonly #looked: Looked
  readonly #people: (GrantedPerson | undefined)[][]
  readonly #subjectPath: string

  constructor(env: Environment, located: Located, looked: Looked) {
    this.#env = env
    this.#located = located
    this.#looked = looked
    this.#people = env.outputs.map(() => [])
    this.#subjectPath = pathText(env.stream.subject)
  }

  of(output: number, person: number): GrantedPerson {
    const people = this.#people[output] as (GrantedPerson | undefined)[]
    const known = people[person]
    if (known !== undefined) return known
    const derived = this.#derive(output, person)
    people[person] = derived
    return derived
  }

  #derive(output: number, person: number): GrantedPerson {
    const { purpose } = (this.#env.outputs[output] as Environment['outputs'][number]).rule
    const grant = this.#looked.states[person]?.purposes[purpose]
    if (!grant?.salt) throw new Error('a granted decision stands on a grant with a salt')
    const key = this.#env.purposeKeys.grantKey(purpose, grant.epoch, grant.salt)
    const ref = this.#located.refs.subarray(person * REF_BYTES, (person + 1) * REF_BYTES)
    const subject = subjectPseudonym(key, ref)
    return { subject, pseudonymize: (path, value) => this.#leaf(key, subject, path, value) }
  }

  /** The subject leaf equals the record key; other leaves have a domain each, so that equal values do not join. */
  #leaf(key: GrantKey, subject: string, path: Path, value: Uint8Array): string {
    const name = pathText(path)
    return name === this.#subjectPath ? subject : key.pseudonym(`${this.#env.stream.name}/${name}`, value)
  }
}
