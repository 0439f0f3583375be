import net from 'node:net'

/** Numbers of Kafka's APIs that tests speak of. */
export const Api = { produce: 0, fetch: 1, metadata: 3, findCoordinator: 10, endTxn: 26, txnOffsetCommit: 28 } as const

/**
 * Stands between clients and one broker, knows Kafka's frames, and can lose or hold single ones. Responses that tell
 * where the broker is are rewritten to tell where the proxy is, so that clients never go around it.
 */
export interface KafkaProxy {
  readonly address: string
  /** The next `count` responses of this API never reach the client; their requests are carried out. */
  dropResponses(apiKey: number, count: number): void
  /** Requests of this API wait here until the returned function is called. */
  holdRequests(apiKey: number): () => void
  /** How many requests of this API have come. */
  requests(apiKey: number): number
  /** Breaks every connection. */
  cut(): void
  /** Stops listening and breaks every connection, until `back`. */
  away(): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

export async function startKafkaProxy(broker: string): Promise<KafkaProxy> {
  const [host = '', port = ''] = broker.split(':')
  const target = { host, port: Number(port) }
  const sockets = new Set<net.Socket>()
  const drops = new Map<number, number>()
  const held = new Map<number, (() => void)[]>()
  const seen = new Map<number, number>()
  let ownPort = 0

  const server = net.createServer((client) => {
    const upstream = net.connect(target)
    const apis = new Map<number, number>()
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4)
      apis.set(frame.readInt32BE(8), apiKey)
      seen.set(apiKey, (seen.get(apiKey) ?? 0) + 1)
      const waiting = held.get(apiKey)
      if (waiting === undefined) upstream.write(frame)
      else waiting.push(() => upstream.write(frame))
    })
    onFrames(upstream, (frame) => {
      const apiKey = apis.get(frame.readInt32BE(4)) ?? -1
      apis.delete(frame.readInt32BE(4))
      const left = drops.get(apiKey) ?? 0
      if (left > 0) {
        drops.set(apiKey, left - 1)
        return
      }
      if (apiKey === Api.metadata || apiKey === Api.findCoordinator) redirect(frame, target, ownPort)
      client.write(frame)
    })
  })

  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(ownPort, '127.0.0.1', resolve)
    })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const away = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      cut()
    })

  await listen()
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  ownPort = address.port

  return {
    address: `127.0.0.1:${ownPort}`,
    dropResponses: (apiKey, count) => drops.set(apiKey, count),
    holdRequests: (apiKey) => {
      held.set(apiKey, [])
      return () => {
        const waiting = held.get(apiKey) ?? []
        held.delete(apiKey)
        for (const send of waiting) send()
      }
    },
    requests: (apiKey) => seen.get(apiKey) ?? 0,
    cut,
    away,
    back: listen,
    close: away,
  }
}

/** Calls back with each whole frame, its length of four bytes included. */
function onFrames(socket: net.Socket, onFrame: (frame: Buffer) => void): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data])
    while (pending.length >= 4) {
      const end = 4 + pending.readInt32BE(0)
      if (pending.length < end) return
      onFrame(Buffer.from(pending.subarray(0, end)))
      pending = pending.subarray(end)
    }
  })
}

/** A host is followed by its port as an int32 in every version of these responses. */
function redirect(frame: Buffer, target: { host: string; port: number }, ownPort: number): void {
  const port = Buffer.alloc(4)
  port.writeInt32BE(target.port)
  const pattern = Buffer.concat([Buffer.from(target.host), port])
  for (let at = frame.indexOf(pattern); at >= 0; at = frame.indexOf(pattern, at + 1)) {
    frame.writeInt32BE(ownPort, at + target.host.length)
  }
}
