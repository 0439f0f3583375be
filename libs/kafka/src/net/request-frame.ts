import type { Api } from '../protocol/api.ts'
import { Writer } from '../wire/writer.ts'

/** Length, request header (version 2, KIP-482) and body. */
export function frameOf<Response>(api: Api<Response>, correlationId: number, clientId: string): Buffer[] {
  const writer = new Writer()
  writer.int16(api.key).int16(api.version).int32(correlationId).classicString(clientId).tags()
  api.write(writer)
  const parts = writer.finish()
  const length = Buffer.allocUnsafe(4)
  length.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0))
  return [length, ...parts]
}
