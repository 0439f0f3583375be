import type { Stream } from '@weir/contracts'
import { pathText } from '@weir/contracts'
import {
  type FieldDomain,
  fieldDomain,
  type GrantKey,
  KeyRing,
  PseudonymMemory,
  purposeKeys,
  referenceHasher,
} from '@weir/pseudonym'
import { compileLocator, newLocated, type Pseudonymizer } from '@weir/transcoder'
import type { Frame } from '../w1/frame.ts'

const REF_BYTES = 16
const MEMORY_SLOTS = 65_536
const KEY = Buffer.alloc(32, 7)

/** One grant key a person, as the sanitizer keeps them: derived once, and the subject's own pseudonym with it. */
export interface Grants {
  /** Index of the person of each event. */
  readonly person: Int32Array
  readonly keys: readonly GrantKey[]
  /** ASCII of each person's own pseudonym. */
  readonly own: readonly Buffer[]
}

export function grantsOf(frame: Frame, stream: Stream): Grants {
  const locator = compileLocator(stream.rawSchema, stream)
  if ('unusable' in locator) throw new Error(locator.unusable)
  const located = newLocated()
  const refs = referenceHasher(KEY)
  const purposes = purposeKeys(new KeyRing([[1, KEY]], 1))
  const known = new Map<string, number>()
  const keys: GrantKey[] = []
  const own: Buffer[] = []
  const person = new Int32Array(frame.count)
  for (let i = 0; i < frame.count; i++) {
    locator.locate(frame.bytes, frame.starts[i] as number, frame.ends[i] as number, located)
    const id = Buffer.from(located.subject).toString()
    let index = known.get(id)
    if (index === undefined) {
      index = keys.length
      known.set(id, index)
      const ref = Buffer.from(refs.ref('user', id), 'hex')
      const key = purposes.grantKey('personalization', 1, ref.toString('hex', 0, REF_BYTES))
      const text = Buffer.alloc(64)
      keys.push(key)
      own.push(text.subarray(0, key.writeSubject(ref, 0, text, 0)))
    }
    person[i] = index
  }
  return { person, keys, own }
}

function writeText(text: Buffer, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text[i] as number
  return text.length
}

/** Pseudonyms under the grant of whoever `of` was called with last; the subject's own is remembered. */
export class GrantPseudonyms implements Pseudonymizer {
  readonly #subject: number
  readonly #memories: readonly PseudonymMemory[]
  readonly #domains: readonly FieldDomain[]
  readonly #remembers: boolean
  #key: GrantKey | undefined
  #own: Buffer | undefined

  constructor(stream: Stream, fields: readonly (readonly string[])[], remembers: boolean) {
    const names = fields.map(pathText)
    this.#subject = names.indexOf(pathText(stream.subject))
    this.#domains = names.map((name) => fieldDomain(stream.name, name))
    this.#memories = this.#domains.map((domain) => new PseudonymMemory(domain, MEMORY_SLOTS))
    this.#remembers = remembers
  }

  of({ keys, own }: Grants, person: number): this {
    this.#key = keys[person]
    this.#own = own[person]
    return this
  }

  write(field: number, value: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const key = this.#key as GrantKey
    if (field === this.#subject) return writeText(this.#own as Buffer, out, at)
    if (this.#remembers) return (this.#memories[field] as PseudonymMemory).write(key, value, start, end, out, at)
    return key.writePseudonym(this.#domains[field] as FieldDomain, value, start, end, out, at)
  }

  /** Share of values, the subject's own not counted, that were remembered so far. */
  get remembered(): number {
    const hits = this.#memories.reduce((sum, memory) => sum + memory.hits, 0)
    const all = this.#memories.reduce((sum, memory) => sum + memory.hits + memory.misses, 0)
    return all === 0 ? 0 : hits / all
  }
}
