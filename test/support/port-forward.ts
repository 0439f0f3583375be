import net from 'node:net'

/** What comes to one port goes to another, as to an address that moves from one machine to the next. */
export interface PortForward {
  readonly port: number
  /** From now on it goes there; connections are broken. */
  moveTo(port: number): void
  close(): Promise<void>
}

/** @param from port of 127.0.0.1 to listen on; 0: a free one */
export async function forwardPort(from: number, to: number): Promise<PortForward> {
  const sockets = new Set<net.Socket>()
  let target = to
  const server = net.createServer((client) => {
    const upstream = net.connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream).pipe(client)
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(from, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the forward has no port')
  return {
    port: address.port,
    moveTo(port) {
      target = port
      cut()
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
