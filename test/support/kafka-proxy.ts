import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { refusalOf } from './kafka-refusals.ts'

/** Numbers of Kafka's APIs that tests speak of. */
export const Api = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  offsetCommit: 8,
  offsetFetch: 9,
  findCoordinator: 10,
  createTopics: 19,
  deleteTopics: 20,
  deleteRecords: 21,
  initProducerId: 22,
  endTxn: 26,
  txnOffsetCommit: 28,
  heartbeat: 68,
} as const

/**
 * Stands between clients and one broker, knows Kafka's frames, and can lose, hold or falsify single ones. Responses
 * that tell where the broker is are rewritten to tell where the proxy is, so that clients never go around it.
 */
export interface KafkaProxy {
  readonly address: string
  /** The next `count` responses of this API never reach the client; their requests are carried out. */
  dropResponses(apiKey: number, count: number): void
  /** The next `count` requests of this API never reach the broker, and are not answered. */
  dropRequests(apiKey: number, count: number): void
  /**
   * Requests of this API wait here until the returned function is called, also when their client has gone. What it
   * returns resolves when the broker has answered all of them.
   */
  holdRequests(apiKey: number): () => Promise<void>
  /** Responses of this API wait here until the returned function is called; their requests are carried out. */
  holdResponses(apiKey: number): () => void
  /**
   * The next `count` requests of this API are answered with an error code: `refused`, they never reach the broker, as
   * when it means what it says; `carried-out`, they do all the same.
   */
  answerWith(apiKey: number, code: number, count: number, how?: 'refused' | 'carried-out'): void
  /** How many requests of this API have come. */
  requests(apiKey: number): number
  /** From now on each frame takes so many ms on its way, in both directions; 0: no longer. */
  slow(ms: number): void
  /** Connections that are open go on looking open, but no byte passes any more and no end is told; new ones work. */
  mute(): void
  /** Breaks every connection. */
  cut(): void
  /** Stops listening and breaks every connection, until `back`. */
  away(): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

/** A request on its way, as far as its header tells. */
export interface PassingRequest {
  readonly apiKey: number
  /** The whole frame, its length of four bytes included. */
  readonly frame: Buffer
}

/** What becomes of a response: it passes, it is dropped, or it waits; those that come later then pass it by. */
export type Fate = 'pass' | 'drop' | Promise<void>

export interface ProxyOptions {
  /** Sees each request before it goes on. */
  readonly onRequest?: (request: PassingRequest) => void
  /** Sees each response and what it answers, and decides what becomes of it. */
  readonly onResponse?: (request: PassingRequest, response: Buffer) => Fate
  /** Requests whose answers are waited for, and shown, also when their client has gone. Default: none. */
  readonly outlives?: (request: PassingRequest) => boolean
  /** Ports of all brokers of a cluster, with the ports of the proxies to be told instead. Default: this one alone. */
  readonly redirects?: ReadonlyMap<number, number>
}

/** What is to be done to the frames of an API. */
class Plan {
  seen = 0
  dropRequests = 0
  dropResponses = 0
  heldRequests: (() => Promise<void>)[] | undefined
  heldResponses: (() => void)[] | undefined
  answer = { code: 0, left: 0, carriedOut: false }
}

export async function startKafkaProxy(broker: string, options: ProxyOptions = {}): Promise<KafkaProxy> {
  const [host = '', port = ''] = broker.split(':')
  const target = { host, port: Number(port) }
  const sockets = new Set<net.Socket>()
  const plans = new Map<number, Plan>()
  const muted = new WeakSet<net.Socket>()
  let delayMs = 0
  let ownPort = 0

  const planOf = (apiKey: number): Plan => {
    const plan = plans.get(apiKey) ?? new Plan()
    plans.set(apiKey, plan)
    return plan
  }

  /** Writes frames one after the other, each as late as is asked for when it comes. */
  const delayed = (socket: net.Socket): ((frame: Buffer) => void) => {
    let waiting = 0
    let last = Promise.resolve()
    return (frame) => {
      if (delayMs === 0 && waiting === 0) {
        socket.write(frame)
        return
      }
      const due = performance.now() + delayMs
      waiting++
      last = last.then(async () => {
        await sleep(Math.max(0, due - performance.now()))
        waiting--
        if (!socket.destroyed) socket.write(frame)
      })
    }
  }

  const server = net.createServer((client) => {
    const upstream = net.connect(target)
    /** By correlation id: what was asked, and what is answered in place of the broker's own answer. */
    const asked = new Map<number, { request: PassingRequest; instead: Buffer | undefined }>()
    const [sendOn, answerBack] = [delayed(upstream), delayed(client)]
    /** Requests of this connection that wait here, by correlation id: the broker's side stays open for them. */
    const held = new Map<number, () => void>()
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    upstream.on('close', () => {
      if (!muted.has(client)) client.destroy()
      for (const answered of held.values()) answered()
    })
    const isNeeded = () => {
      return held.size > 0 || asked.values().some(({ request }) => options.outlives?.(request))
    }
    client.on('close', () => {
      if (!isNeeded()) upstream.destroy()
    })

    onFrames(client, (frame) => {
      if (muted.has(client)) return
      const apiKey = frame.readInt16BE(4)
      const request = { apiKey, frame }
      options.onRequest?.(request)
      const plan = planOf(apiKey)
      plan.seen++
      if (plan.dropRequests > 0) {
        plan.dropRequests--
        return
      }
      let instead: Buffer | undefined
      if (plan.answer.left > 0) {
        plan.answer.left--
        instead = refusalOf(frame, plan.answer.code)
        if (!plan.answer.carriedOut) {
          client.write(instead)
          return
        }
      }
      const correlationId = frame.readInt32BE(8)
      asked.set(correlationId, { request, instead })
      if (plan.heldRequests === undefined) {
        sendOn(frame)
        return
      }
      const answered = new Promise<void>((resolve) => held.set(correlationId, resolve))
      plan.heldRequests.push(() => {
        upstream.write(frame)
        return answered
      })
    })
    onFrames(upstream, (frame) => {
      const correlationId = frame.readInt32BE(4)
      const { request, instead } = asked.get(correlationId) ?? {}
      const apiKey = request?.apiKey ?? -1
      asked.delete(correlationId)
      held.get(correlationId)?.()
      held.delete(correlationId)
      if (muted.has(client)) return
      if (client.destroyed) {
        // It answers what was held, or outlives its client: nobody is there to hear it.
        if (request !== undefined) void options.onResponse?.(request, frame)
        if (!isNeeded()) upstream.destroy()
        return
      }
      const plan = planOf(apiKey)
      if (plan.dropResponses > 0) {
        plan.dropResponses--
        return
      }
      if (apiKey === Api.metadata || apiKey === Api.findCoordinator) {
        for (const [from, to] of options.redirects ?? [[target.port, ownPort]])
          redirect(frame, { host, port: from }, to)
      }
      const answer = () => answerBack(instead ?? frame)
      const fate = (request && options.onResponse?.(request, frame)) ?? 'pass'
      if (fate === 'drop') return
      if (fate !== 'pass') void fate.then(answer)
      else if (plan.heldResponses === undefined) answer()
      else plan.heldResponses.push(answer)
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
    dropResponses: (apiKey, count) => {
      planOf(apiKey).dropResponses = count
    },
    dropRequests: (apiKey, count) => {
      planOf(apiKey).dropRequests = count
    },
    holdRequests: (apiKey) => {
      const plan = planOf(apiKey)
      plan.heldRequests = []
      return async () => {
        const waiting = plan.heldRequests ?? []
        plan.heldRequests = undefined
        await Promise.all(waiting.map((send) => send()))
      }
    },
    holdResponses: (apiKey) => {
      const plan = planOf(apiKey)
      plan.heldResponses = []
      return () => {
        const waiting = plan.heldResponses ?? []
        plan.heldResponses = undefined
        for (const send of waiting) send()
      }
    },
    answerWith: (apiKey, code, count, how = 'refused') => {
      planOf(apiKey).answer = { code, left: count, carriedOut: how === 'carried-out' }
    },
    requests: (apiKey) => planOf(apiKey).seen,
    slow: (ms) => {
      delayMs = ms
    },
    mute: () => {
      for (const socket of sockets) muted.add(socket)
    },
    cut,
    away,
    back: listen,
    close: away,
  }
}

/** Calls back with each whole frame, its length of four bytes included. */
export function onFrames(socket: net.Socket, onFrame: (frame: Buffer) => void): void {
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
