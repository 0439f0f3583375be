import { createHmac, hkdfSync } from 'node:crypto'

/**
 * The documented formulas of refs and pseudonyms, written a second time: this file must not share code with the path
 * that it judges.
 */

/** First 16 bytes of HMAC-SHA-256(reference key, kind ‖ 0x00 ‖ UTF-8 of the id), as hex. */
export function refOf(referenceKey: Buffer, kind: 'user' | 'device', id: string): string {
  return createHmac('sha256', referenceKey).update(`${kind}\0${id}`, 'utf8').digest('hex').slice(0, 32)
}

/** Pseudonyms of one grant. */
export interface Grant {
  readonly purpose: string
  readonly epoch: number
  /** 32 hex digits. */
  readonly salt: string
}

export class Pseudonyms {
  readonly #rootKey: Buffer
  readonly #grantKeys = new Map<string, Buffer>()

  constructor(rootKey: Buffer) {
    this.#rootKey = rootKey
  }

  /** Record key and subject leaf. */
  ofSubject(grant: Grant, ref: string): string {
    return this.#of(grant, 'subject', Buffer.from(ref, 'hex'))
  }

  /** Any other leaf: `stream` and dotted path are its domain. */
  ofLeaf(grant: Grant, stream: string, path: string, value: string): string {
    return this.#of(grant, `${stream}/${path}`, Buffer.from(value, 'utf8'))
  }

  #of(grant: Grant, domain: string, value: Buffer): string {
    const message = Buffer.concat([Buffer.from(domain, 'utf8'), Buffer.of(0), value])
    const digest = createHmac('sha256', this.#grantKey(grant)).update(message).digest('hex')
    return `${grant.epoch}.${digest.slice(0, 32)}`
  }

  #grantKey({ purpose, epoch, salt }: Grant): Buffer {
    const name = `${purpose}/${epoch}/${salt}`
    const known = this.#grantKeys.get(name)
    if (known !== undefined) return known
    const purposeKey = Buffer.from(hkdfSync('sha256', this.#rootKey, '', `weir/purpose/${purpose}/${epoch}`, 32))
    const key = createHmac('sha256', purposeKey).update(Buffer.from(salt, 'hex')).digest()
    this.#grantKeys.set(name, key)
    return key
  }
}
