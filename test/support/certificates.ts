import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate and its private key as PEM texts. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Authority extends Certificate {
  /** A certificate that this authority signs, for a broker or a client. */
  issue(options: { name: string; hosts?: readonly string[]; expired?: boolean }): Certificate
}

const DAY_MS = 86_400_000

/**
 * An authority and certificates of its own, for tests of TLS: X.509 version 3 (RFC 5280), elliptic keys, in plain DER, so
 * that no tool is needed to make them.
 */
export function newAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = (subject: string, publicKey: KeyObject, extensions: Buffer[], expired = false): string => {
    const until = Date.now() + (expired ? -DAY_MS : DAY_MS)
    const toBeSigned = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      distinguishedName(name),
      sequence(utcTime(until - 3 * DAY_MS), utcTime(until)),
      distinguishedName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      // An empty list is no valid one.
      ...(extensions.length === 0 ? [] : [tagged(0xa3, sequence(...extensions))]),
    )
    const signature = sign('sha256', toBeSigned, own.privateKey)
    return pem('CERTIFICATE', sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature)))
  }
  return {
    cert: certificate(name, own.publicKey, [extension('551d13', sequence(tagged(0x01, Buffer.from([0xff]))))]),
    key: keyOf(own.privateKey),
    issue({ name: subject, hosts = [], expired = false }) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = hosts.map((host) =>
        /^[\d.]+$/.test(host)
          ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
          : tagged(0x82, Buffer.from(host)),
      )
      const extensions = names.length === 0 ? [] : [extension('551d11', sequence(...names))]
      return { cert: certificate(subject, pair.publicKey, extensions, expired), key: keyOf(pair.privateKey) }
    },
  }
}

function keyOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** Lengths in their shortest form: Java checks signatures over its own encoding of what it read. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), body])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts)
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.from([0]), bytes)
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

function extension(idHex: string, value: Buffer): Buffer {
  return sequence(objectId(idHex), tagged(0x04, value))
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(commonName)))))
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)
  return tagged(0x17, Buffer.from(`${digits}Z`))
}

const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'))
