import net from 'node:net'
import tls from 'node:tls'
import Connection from 'kafkajs/src/network/connection.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { ConnectionLost, KafkaError, messageOf, RequestTimedOut, TooLate } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { apiVersions } from '../protocol/api-versions.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { FrameReader } from './frame-reader.ts'
import { checkBroker } from './start-check.ts'

// kafkajs plans its next look at pending requests also when there are none, with a negative delay: a warning and a
// loop of 1 ms on Node 24 and later (kafkajs#1751). Mended for all of kafkajs in this process.
const scheduleCheck = RequestQueue.prototype.scheduleCheckPendingRequests
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleOnlyIfPending(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheck.call(this)
}

export interface ConnectionOptions {
  readonly clientId: string
  readonly ssl: object | null
  readonly sasl: { readonly mechanism: string; readonly username: string; readonly password: string } | null
  /** For the whole of connecting, ApiVersions and SASL. */
  readonly connectTimeoutMs: number
}

export interface Address {
  readonly host: string
  readonly port: number
}

export interface CallLimits {
  /** Without an answer in this time the call rejects and the connection is closed. */
  readonly timeoutMs: number
  /** Monotonic time after which the request must not be written any more. */
  readonly notAfterMs?: number
}

const KEEP_ALIVE_MS = 60_000

const silent = {
  namespace: () => silent,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/**
 * One connection to one broker. kafkajs's Connection carries it (TCP, TLS, SASL and its renewal, correlation); framing,
 * our own requests and time limits are ours. The only place that reaches into kafkajs.
 */
export class BrokerConnection {
  readonly #address: Address
  readonly #options: ConnectionOptions
  readonly #inner: Connection
  readonly #onClosed: () => void
  #socket: net.Socket | undefined
  #closed = false

  /**
   * Connects, checks what the broker can do, authenticates. `onClosed` is called once, when the connection is gone.
   * @throws ConnectionLost, RequestTimedOut, Unsupported, or KafkaError when authentication is refused
   */
  static async open(address: Address, options: ConnectionOptions, onClosed: () => void): Promise<BrokerConnection> {
    const connection = new BrokerConnection(address, options, onClosed)
    const where = `Connecting to ${address.host}:${address.port}`
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RequestTimedOut(where, options.connectTimeoutMs)), options.connectTimeoutMs)
    })
    try {
      await Promise.race([connection.#start(), limit])
      return connection
    } catch (error) {
      connection.close()
      if (error instanceof KafkaError) throw error
      throw new ConnectionLost(`${where}: ${messageOf(error)}`, false, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  private constructor(address: Address, options: ConnectionOptions, onClosed: () => void) {
    this.#address = address
    this.#options = options
    this.#onClosed = onClosed
    this.#inner = new Connection({
      host: address.host,
      port: address.port,
      clientId: options.clientId,
      ssl: options.ssl,
      sasl: options.sasl === null ? null : { ...options.sasl },
      logger: silent,
      connectionTimeout: options.connectTimeoutMs,
      requestTimeout: options.connectTimeoutMs,
      enforceRequestTimeout: false,
      socketFactory: ({ host, port, ssl, onConnect }) => this.#openSocket(host, port, ssl, onConnect),
    })
  }

  get isOpen(): boolean {
    return !this.#closed && this.#inner.isConnected()
  }

  /**
   * Sends one request and reads its response. Error codes inside the response are the caller's.
   * @throws ConnectionLost, RequestTimedOut, TooLate (nothing was written)
   */
  async call<Response>(api: Api<Response>, limits: CallLimits): Promise<Response> {
    // Past its SASL lifetime the broker closes the connection, so it is renewed before.
    if (this.#options.sasl !== null && !this.#inner.isAuthenticated()) await this.#authenticate()
    const payload = await this.#exchange(api, limits)
    const reader = new Reader(payload)
    reader.tags() // the header's (version 1; only ApiVersions has none)
    return api.read(reader)
  }

  /** Closes the connection at once; outstanding calls reject with ConnectionLost. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inner.rejectRequests(new Error('connection closed'))
    this.#inner.requestQueue.destroy()
    this.#inner.disconnect().catch(() => undefined)
    // While connecting kafkajs has a timer out, which only an error clears.
    this.#socket?.destroy(this.#socket.connecting ? new Error('connection closed') : undefined)
    this.#onClosed()
  }

  async #start(): Promise<void> {
    await this.#inner.connect()
    const limits = { timeoutMs: this.#options.connectTimeoutMs }
    const versions = apiVersions().read(new Reader(await this.#exchange(apiVersions(), limits)))
    checkBroker(versions, `${this.#address.host}:${this.#address.port}`)
    const ranges: Record<number, { minVersion: number; maxVersion: number }> = {}
    for (const [key, { min, max }] of versions.ranges) ranges[key] = { minVersion: min, maxVersion: max }
    this.#inner.setVersions(ranges)
    this.#inner.setSupportAuthenticationProtocol(true)
    if (this.#options.sasl !== null) await this.#authenticate()
  }

  async #authenticate(): Promise<void> {
    try {
      await this.#inner.authenticate()
    } catch (error) {
      if (!this.isOpen) throw this.#lost(true, error)
      this.close()
      throw new KafkaError(`${this.#where()} refused the SASL login: ${messageOf(error)}`, false, { cause: error })
    }
  }

  #exchange<Response>(api: Api<Response>, limits: CallLimits): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(this.#lost(false))
      const doing = `${api.name} at ${this.#where()}`
      if (limits.notAfterMs !== undefined && performance.now() > limits.notAfterMs) return reject(new TooLate(doing))
      const correlationId = this.#inner.nextCorrelationId()
      const timer = setTimeout(() => {
        reject(new RequestTimedOut(doing, limits.timeoutMs))
        this.close()
      }, limits.timeoutMs)
      this.#inner.requestQueue.push({
        entry: {
          apiKey: api.key,
          apiName: api.name,
          apiVersion: api.version,
          correlationId,
          resolve: ({ payload }) => {
            clearTimeout(timer)
            resolve(payload)
          },
          reject: (error) => {
            clearTimeout(timer)
            reject(this.#lost(true, error))
          },
        },
        expectResponse: true,
        requestTimeout: null,
        sendRequest: () => this.#write(frameOf(api, correlationId, this.#options.clientId)),
      })
    })
  }

  #write(parts: readonly Buffer[]): void {
    const socket = this.#socket
    if (socket === undefined) return
    socket.cork()
    for (const part of parts) socket.write(part)
    socket.uncork()
  }

  #openSocket(host: string, port: number, ssl: object | null, onConnect: () => void): net.Socket {
    const frames = new FrameReader((frame) => {
      const payload = frame.subarray(4)
      this.#inner.requestQueue.fulfillRequest({ correlationId: frame.readInt32BE(0), payload, size: frame.length })
    })
    const onread = {
      buffer: () => frames.buffer(),
      callback: (bytes: number) => {
        try {
          frames.received(bytes)
        } catch {
          this.close()
        }
        return true
      },
    }
    const target = { host, port, onread }
    const socket =
      ssl === null
        ? net.connect({ ...target, noDelay: true }, onConnect)
        : tls.connect({ ...target, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    if (ssl !== null) socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.once('close', () => this.close())
    this.#socket = socket
    return socket
  }

  #lost(maybeSent: boolean, cause?: unknown): ConnectionLost {
    const why = cause === undefined ? '' : `: ${messageOf(cause)}`
    return new ConnectionLost(`No connection to ${this.#where()}${why}`, maybeSent, { cause })
  }

  #where(): string {
    return `${this.#address.host}:${this.#address.port}`
  }
}

/** Length, request header (version 2, KIP-482) and body. */
function frameOf<Response>(api: Api<Response>, correlationId: number, clientId: string): Buffer[] {
  const writer = new Writer()
  writer.int16(api.key).int16(api.version).int32(correlationId).classicString(clientId).tags()
  api.write(writer)
  const parts = writer.finish()
  const length = Buffer.allocUnsafe(4)
  length.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0))
  return [length, ...parts]
}
