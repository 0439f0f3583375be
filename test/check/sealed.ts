import { createDecipheriv, hkdfSync } from 'node:crypto'

/** What a quarantined record holds once opened. */
export interface Unsealed {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly appendTimeMs: number
}

/** Opens a sealed quarantine record. Null when it does not open. */
export function unseal(rootKey: Buffer, topic: string, sealed: Buffer): Unsealed | null {
  const bytes = opened(rootKey, topic, sealed)
  return bytes === null ? null : content(bytes)
}

/**
 * What was sealed: version 1 ‖ epoch ‖ nonce (12) ‖ AES-256-GCM ‖ tag (16), the topic as associated data; inside, 4-byte
 * length ‖ content ‖ zeros. Null when it does not open.
 */
export function opened(rootKey: Buffer, topic: string, sealed: Buffer): Buffer | null {
  if (sealed.length < 34 || sealed[0] !== 1) return null
  const key = Buffer.from(hkdfSync('sha256', rootKey, '', `weir/sealed/${topic}/${sealed[1]}`, 32))
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

function content(bytes: Buffer): Unsealed {
  let at = 0
  const part = (): Buffer | null => {
    const length = bytes.readUInt32BE(at)
    at += 4
    if (length === 0xffff_ffff) return null
    at += length
    return bytes.subarray(at - length, at)
  }
  const key = part()
  const value = part()
  return { key, value, appendTimeMs: Number(bytes.readBigInt64BE(at)) }
}
