import net from 'node:net'
import type { Api } from '../../libs/kafka/src/protocol/api.ts'
import { Reader } from '../../libs/kafka/src/wire/reader.ts'
import { Writer } from '../../libs/kafka/src/wire/writer.ts'

/** API whose responses have the old header also where their bodies are flexible. */
const API_VERSIONS = 18

/**
 * A broker by single requests: what protocol facts are stated with. No retry, no leader, no coordinator; calls may be
 * made side by side and are carried out in order.
 */
export class RawBroker {
  readonly #socket: net.Socket
  readonly #waiting = new Map<number, { onFrame(frame: Buffer): void; onLost(error: Error): void }>()
  #next = 1

  static async connect(broker: string): Promise<RawBroker> {
    const [host = '', port = ''] = broker.split(':')
    const socket = net.connect({ host, port: Number(port), noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawBroker(socket)
  }

  private constructor(socket: net.Socket) {
    this.#socket = socket
    let chunks: Buffer[] = []
    let bytes = 0
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const { onLost } of this.#waiting.values()) onLost(new Error('the broker closed the connection'))
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      let pending = chunks.length === 1 ? chunk : Buffer.concat(chunks, bytes)
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(4, 4 + pending.readInt32BE(0))
        this.#waiting.get(frame.readInt32BE(0))?.onFrame(frame)
        pending = pending.subarray(4 + frame.length)
      }
      chunks = [pending]
      bytes = pending.length
    })
  }

  call<Response>(api: Api<Response>): Promise<Response> {
    const id = this.#next++
    const writer = new Writer().int16(api.key).int16(api.version).int32(id).classicString('weir-raw').tags()
    api.write(writer)
    const body = Buffer.concat(writer.finish())
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length)
    this.#socket.write(Buffer.concat([length, body]))
    return new Promise((resolve, reject) => {
      const onFrame = (frame: Buffer) => {
        this.#waiting.delete(id)
        const reader = new Reader(frame.subarray(4))
        if (api.key !== API_VERSIONS) reader.tags()
        resolve(api.read(reader))
      }
      this.#waiting.set(id, { onFrame, onLost: reject })
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}
