import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Api, onFrames } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import { endTxn, offsets, offsetsAnswer, plainAnswer, request } from '../fixtures/frames.ts'
import { Gate } from './gate.ts'

describe('the way of a process to its broker', () => {
  const closing: (() => Promise<void> | void)[] = []
  let gate: Gate
  let client: net.Socket
  let commits: number
  /** Correlation ids of answers, in the order in which they came. */
  let answered: number[]
  let nextId = 0

  beforeEach(async () => {
    commits = 0
    const broker = await startBroker()
    closing.push(broker.close)
    gate = await Gate.open(broker.address, { onCommit: () => commits++, onAbort() {}, onFenced() {} })
    closing.push(() => gate.close())
    client = await connected()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  test('drops the one response that a trap is set for, and only while a transaction is open', async () => {
    gate.trap(Api.heartbeat, (open) => (open ? 'drop' : undefined))
    const [before] = [ask(Api.heartbeat)]
    await came(before)
    const opener = ask(Api.txnOffsetCommit)
    await came(opener)
    const [dropped, next] = [ask(Api.heartbeat), ask(Api.heartbeat)]
    await came(next)
    expect(answered).toEqual([before, opener, next])
    expect(answered).not.toContain(dropped)
  })

  test('holds a response, for whose process the transaction goes on', async () => {
    await came(ask(Api.txnOffsetCommit))
    const release = Promise.withResolvers<void>()
    gate.trap(Api.endTxn, () => release.promise)
    const end = ask(Api.endTxn)
    await until('the commit is known', () => commits === 1)
    await came(ask(Api.heartbeat))
    expect(gate.watch.isOpen).toBe(true)
    release.resolve()
    await came(end)
    expect(gate.watch.isOpen).toBe(false)
  })

  test('half-open, it passes no byte and tells no end; a new connection works', async () => {
    let ended = false
    client.on('close', () => {
      ended = true
    })
    gate.mute()
    const lost = ask(Api.heartbeat)
    client = await connected()
    await came(ask(Api.heartbeat))
    expect(answered).not.toContain(lost)
    expect(ended).toBe(false)
  })

  test('slow, it passes everything late and in order', async () => {
    gate.slow(100)
    const sinceMs = performance.now()
    const [first, second] = [ask(Api.heartbeat), ask(Api.heartbeat)]
    await came(second)
    expect(performance.now() - sinceMs).toBeGreaterThan(190)
    expect(answered).toEqual([first, second])
  })

  test('hears how a transaction ended whose process has died', async () => {
    await came(ask(Api.txnOffsetCommit))
    gate.slow(100)
    ask(Api.endTxn)
    await until('it is on its way', () => gate.watch.phase === 'ending')
    client.destroy()
    await until('the commit is known', () => commits === 1)
  })

  async function connected(): Promise<net.Socket> {
    answered = []
    const socket = net.connect(Number(gate.addresses.split(':')[1]), '127.0.0.1')
    closing.push(() => void socket.destroy())
    socket.on('error', () => undefined)
    onFrames(socket, (frame) => answered.push(frame.readInt32BE(4)))
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    return socket
  }

  function ask(apiKey: number): number {
    const bodies = new Map<number, Buffer>([
      [Api.txnOffsetCommit, offsets([[0, 1]])],
      [Api.endTxn, endTxn(true)],
    ])
    client.write(request(bodies.get(apiKey) ?? Buffer.alloc(0), apiKey, ++nextId))
    return nextId
  }

  function came(id: number): Promise<boolean> {
    return until(`answer ${id}`, () => answered.includes(id))
  }
})

/** Answers everything with success. */
async function startBroker() {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onFrames(socket, (frame) => {
      const answer = Buffer.from(frame.readInt16BE(4) === Api.txnOffsetCommit ? offsetsAnswer(0) : plainAnswer(0))
      answer.writeInt32BE(frame.readInt32BE(8), 4)
      socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    address: `127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
