import { SealError } from './errors.ts'

const SMALLEST = 1024
const PREFIX_BYTES = 4

/**
 * Pads before sealing, so that the size of a quarantined payload tells little: 4-byte big-endian length ‖ bytes ‖
 * zeros, up to the next power of two, 1 KiB at least.
 */
export function padded(plaintext: Uint8Array): Buffer {
  let size = SMALLEST
  while (size < PREFIX_BYTES + plaintext.length) size *= 2
  const out = Buffer.alloc(size)
  out.writeUInt32BE(plaintext.length)
  out.set(plaintext, PREFIX_BYTES)
  return out
}

/** The bytes that were padded; a view, not a copy. @throws SealError when it was not padded by `padded` */
export function unpadded(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = buffer.length < SMALLEST ? -1 : buffer.readUInt32BE()
  if (length < 0 || length > buffer.length - PREFIX_BYTES) throw new SealError('an opened record is not padded')
  return buffer.subarray(PREFIX_BYTES, PREFIX_BYTES + length)
}
