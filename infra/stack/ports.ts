import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { StackError } from './errors.ts'

// Below what systems hand out to outgoing connections (Linux from 32768, macOS and Windows from 49152). A port from
// that range may be taken by a client's own connection while its part is stopped, and the part could not come back.
const lowest = 15_000
const highest = 32_000
const tries = 200

/** A port on 127.0.0.1 that nothing listens on just now. Someone may still be faster: whoever uses it must expect that. */
export async function freePort(): Promise<number> {
  for (let n = 0; n < tries; n++) {
    const port = randomInt(lowest, highest)
    if (await isFree(port)) return port
  }
  throw new StackError('WEIR_STACK_NO_PORT', `No free port found on 127.0.0.1 between ${lowest} and ${highest}.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
