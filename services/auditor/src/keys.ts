import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto'

/** The documented formulas of refs, pseudonyms and sealed records, once more: nothing here is shared with what is judged. */

export interface Grant {
  readonly purpose: string
  readonly epoch: number
  /** 32 hex digits. */
  readonly salt: string
}

const REF_HEX = 32
/** Of one audit there are more values than memory; the keys of grants are few. */
const MOST_REFS = 200_000

export class Keys {
  readonly #rootKeys: ReadonlyMap<number, Buffer>
  readonly #referenceKey: Buffer
  readonly #grantKeys = new Map<string, Buffer>()
  readonly #sealKeys = new Map<string, Buffer>()
  readonly #refs = new Map<string, string>()
  readonly #subjects = new Map<string, string>()

  constructor(rootKeys: ReadonlyMap<number, Buffer>, referenceKey: Buffer) {
    this.#rootKeys = rootKeys
    this.#referenceKey = referenceKey
  }

  hasEpoch(epoch: number): boolean {
    return this.#rootKeys.has(epoch)
  }

  /** First 16 bytes of HMAC-SHA-256(reference key, kind ‖ 0 ‖ id), as hex. */
  ref(kind: 'user' | 'device', id: Buffer): string {
    const name = `${kind}/${id.toString('latin1')}`
    const known = this.#refs.get(name)
    if (known !== undefined) return known
    if (this.#refs.size >= MOST_REFS) this.#refs.clear()
    const digest = createHmac('sha256', this.#referenceKey).update(`${kind}\0`).update(id).digest('hex')
    const made = digest.slice(0, REF_HEX)
    this.#refs.set(name, made)
    return made
  }

  /** Record key and subject leaf: of the ref, so that nobody needs the raw id. */
  ofSubject(grant: Grant, ref: string): string {
    const name = `${grant.purpose}/${grant.epoch}/${grant.salt}/${ref}`
    const known = this.#subjects.get(name)
    if (known !== undefined) return known
    if (this.#subjects.size >= MOST_REFS) this.#subjects.clear()
    const made = this.#pseudonym(grant, 'subject', Buffer.from(ref, 'hex'))
    this.#subjects.set(name, made)
    return made
  }

  /** Any other leaf. @param place stream and path, its one key of a map each */
  ofLeaf(grant: Grant, place: string, canonical: Buffer): string {
    return this.#pseudonym(grant, place, canonical)
  }

  #pseudonym(grant: Grant, domain: string, canonical: Buffer): string {
    const digest = createHmac('sha256', this.#grantKey(grant)).update(`${domain}\0`).update(canonical).digest('hex')
    return `${grant.epoch}.${digest.slice(0, 32)}`
  }

  #grantKey({ purpose, epoch, salt }: Grant): Buffer {
    const name = `${purpose}/${epoch}/${salt}`
    const known = this.#grantKeys.get(name)
    if (known !== undefined) return known
    const root = this.#rootKeys.get(epoch)
    if (root === undefined) throw new RangeError(`no root key of epoch ${epoch}`)
    const purposeKey = Buffer.from(hkdfSync('sha256', root, '', `weir/purpose/${purpose}/${epoch}`, 32))
    const key = createHmac('sha256', purposeKey).update(Buffer.from(salt, 'hex')).digest()
    this.#grantKeys.set(name, key)
    return key
  }

  /**
   * Opens a sealed record of a topic: 1 ‖ epoch ‖ nonce (12) ‖ AES-256-GCM ‖ tag (16), the topic as associated data;
   * inside, 4-byte length ‖ content ‖ zeros. Null when it does not open; `no-key` when its epoch's key is not here.
   */
  open(topic: string, sealed: Buffer | null): Buffer | 'no-key' | null {
    if (sealed === null || sealed.length < 34 || sealed[0] !== 1) return null
    const epoch = sealed[1] as number
    const key = this.#sealKey(topic, epoch)
    if (key === null) return 'no-key'
    const opening = createDecipheriv('aes-256-gcm', key, sealed.subarray(2, 14), { authTagLength: 16 })
    opening.setAAD(Buffer.from(topic, 'utf8'))
    opening.setAuthTag(sealed.subarray(-16))
    try {
      const padded = Buffer.concat([opening.update(sealed.subarray(14, -16)), opening.final()])
      return padded.subarray(4, 4 + padded.readUInt32BE(0))
    } catch {
      return null
    }
  }

  #sealKey(topic: string, epoch: number): Buffer | null {
    const name = `weir/sealed/${topic}/${epoch}`
    const known = this.#sealKeys.get(name)
    if (known !== undefined) return known
    const root = this.#rootKeys.get(epoch)
    if (root === undefined) return null
    const key = Buffer.from(hkdfSync('sha256', root, '', name, 32))
    this.#sealKeys.set(name, key)
    return key
  }
}

/** What a quarantined record holds once opened: key and value, each 4-byte length (-1: null) ‖ bytes, and append time. */
export function rawRecordIn(content: Buffer): { key: Buffer | null; value: Buffer | null; appendTimeMs: number } {
  let at = 0
  const part = (): Buffer | null => {
    const length = content.readInt32BE(at)
    at += 4
    if (length < 0) return null
    at += length
    return content.subarray(at - length, at)
  }
  const key = part()
  const value = part()
  return { key, value, appendTimeMs: Number(content.readBigInt64BE(at)) }
}
