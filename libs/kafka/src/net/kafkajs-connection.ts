import net from 'node:net'
import tls from 'node:tls'
import Connection from 'kafkajs/src/network/connection.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { ConnectionLost, type KafkaError, messageOf, RequestTimedOut, TooLate } from '../errors.ts'
import type { SaslOptions, TlsOptions } from '../options.ts'
import type { Api } from '../protocol/api.ts'
import { apiVersions } from '../protocol/api-versions.ts'
import { Reader } from '../wire/reader.ts'
import { FrameReader } from './frame-reader.ts'
import { loginFailure, openingFailure } from './refusal.ts'
import { frameOf } from './request-frame.ts'
import { renewalMarginMs, saslOf } from './security.ts'
import { checkBroker } from './start-check.ts'

// kafkajs plans its next look at pending requests also when there are none, with a negative delay: a warning and a
// loop of 1 ms on Node 24 and later (kafkajs#1751). Mended for all of kafkajs in this process.
const scheduleCheck = RequestQueue.prototype.scheduleCheckPendingRequests
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleOnlyIfPending(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheck.call(this)
}

export interface ConnectionOptions {
  readonly clientId: string
  readonly ssl: TlsOptions | null
  readonly sasl: SaslOptions | null
  /** For the whole of connecting: TCP, TLS, ApiVersions and SASL. */
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
  #phase: 'connecting' | 'first-request' | 'login' | 'ready' = 'connecting'
  #closed = false
  /** Rejects when the connection is closed: what waits for something else, such as a token, ends by it too. */
  readonly #ended = Promise.withResolvers<never>()
  /** It has answered a request beside those of connecting. */
  #answers = false
  /** Until when (monotonic) a request that was sent may still be waiting at the broker. */
  #busyUntilMs = 0
  #renewing: Promise<void> | undefined

  /**
   * Connects, checks what the broker can do, logs in. `onClosed` is called once, when the connection is gone. Gives up at
   * once when `signal` aborts; afterwards the signal means nothing any more.
   * @throws ConnectionLost, RequestTimedOut, Unsupported, TlsRefused, LoginRefused, TokenUnavailable
   */
  static async open(
    address: Address,
    options: ConnectionOptions,
    onClosed: () => void,
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    const connection = new BrokerConnection(address, options, onClosed)
    const where = connection.#where()
    const giveUp = () => connection.close()
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      await connection.#within(options.connectTimeoutMs, `Connecting to ${where}`, connection.#start())
      return connection
    } catch (error) {
      const phase = connection.#phase === 'ready' ? 'login' : connection.#phase
      connection.close()
      throw openingFailure(error, where, phase)
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  private constructor(address: Address, options: ConnectionOptions, onClosed: () => void) {
    this.#address = address
    this.#options = options
    this.#onClosed = onClosed
    this.#ended.promise.catch(() => undefined)
    this.#inner = new Connection({
      host: address.host,
      port: address.port,
      clientId: options.clientId,
      ssl: options.ssl,
      sasl: options.sasl === null ? null : saslOf(options.sasl),
      logger: silent,
      // Ours is the one that ends it, with an error that says what was waited for.
      connectionTimeout: options.connectTimeoutMs * 2,
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
   * @throws ConnectionLost, RequestTimedOut, TooLate (nothing was written), and what a refused renewal of the login gives
   */
  async call<Response>(api: Api<Response>, limits: CallLimits): Promise<Response> {
    // Past the end of its session the broker closes the connection, so the login is renewed before. Meanwhile nothing
    // else may be written: the broker takes every request for a part of the login.
    if (this.#options.sasl !== null && (this.#renewing !== undefined || !this.#inner.isAuthenticated())) {
      this.#renewing ??= this.#renewLogin().finally(() => {
        this.#renewing = undefined
      })
      await this.#renewing
    }
    const payload = await this.#exchange(api, limits)
    const reader = new Reader(payload)
    reader.tags() // the header's (version 1; only ApiVersions has none)
    this.#answers = true
    return api.read(reader)
  }

  /** Closes the connection at once; outstanding calls reject with ConnectionLost. */
  close(): void {
    this.#close(this.#lost(true))
  }

  /** `why` is what connecting or a renewal that is under way ends with. */
  #close(why: KafkaError): void {
    if (this.#closed) return
    this.#closed = true
    this.#ended.reject(why)
    this.#inner.rejectRequests(new Error('connection closed'))
    this.#inner.requestQueue.destroy()
    this.#inner.disconnect().catch(() => undefined)
    // Until it is connected kafkajs has a timer out, which only an error clears.
    this.#socket?.destroy(this.#phase === 'connecting' ? new Error('connection closed') : undefined)
    this.#onClosed()
  }

  async #start(): Promise<void> {
    await this.#inner.connect()
    this.#phase = 'first-request'
    const limits = { timeoutMs: this.#options.connectTimeoutMs }
    const versions = apiVersions().read(new Reader(await this.#exchange(apiVersions(), limits)))
    this.#phase = 'login'
    checkBroker(versions, this.#where())
    const ranges: Record<number, { minVersion: number; maxVersion: number }> = {}
    for (const [key, { min, max }] of versions.ranges) ranges[key] = { minVersion: min, maxVersion: max }
    this.#inner.setVersions(ranges)
    this.#inner.setSupportAuthenticationProtocol(true)
    if (this.#options.sasl !== null) await this.#logIn(this.#options.sasl)
    this.#phase = 'ready'
  }

  async #logIn(sasl: SaslOptions): Promise<void> {
    // Before the broker's session can begin: counted from the answer, as kafkajs does, ours would end after it.
    const since = process.hrtime()
    try {
      await this.#inner.authenticate()
    } catch (error) {
      if (this.#closed) throw this.#lost(true, error)
      const why = loginFailure(error, this.#where(), sasl)
      this.#close(why)
      throw why
    }
    this.#inner.authenticatedAt = since
    this.#inner.reauthenticationThreshold = renewalMarginMs(Number(this.#inner.sessionLifetime.toString()))
  }

  /** Bounded as a login is, beyond what is still waiting at the broker: it is answered after that. */
  async #renewLogin(): Promise<void> {
    if (this.#options.sasl === null) return
    const limitMs = Math.max(0, this.#busyUntilMs - performance.now()) + this.#options.connectTimeoutMs
    const doing = `Renewing the SASL login at ${this.#where()}`
    await this.#within(limitMs, doing, this.#logIn(this.#options.sasl))
  }

  /** What `work` gives. When it takes longer than this, the connection is closed, which ends it. */
  async #within<T>(limitMs: number, doing: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new RequestTimedOut(doing, limitMs))
        this.close()
      }, limitMs)
    })
    try {
      return await Promise.race([work, limit, this.#ended.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #exchange<Response>(api: Api<Response>, limits: CallLimits): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(this.#lost(false))
      const doing = `${api.name} at ${this.#where()}`
      if (limits.notAfterMs !== undefined && performance.now() > limits.notAfterMs) return reject(new TooLate(doing))
      this.#busyUntilMs = Math.max(this.#busyUntilMs, performance.now() + limits.timeoutMs)
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

  #openSocket(host: string, port: number, ssl: TlsOptions | null, onConnect: () => void): net.Socket {
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
    let failure = new Error('the other side hung up')
    socket.once('error', (error) => {
      failure = error
    })
    socket.once('close', () => this.#close(this.#lost(true, failure)))
    this.#socket = socket
    return socket
  }

  #lost(maybeSent: boolean, cause?: unknown): ConnectionLost {
    const why = cause === undefined ? '' : `: ${messageOf(cause)}`
    // A listener that wants a login answers ApiVersions without one, and hangs up on anything else.
    const unknown = maybeSent && this.#phase === 'ready' && !this.#answers && this.#options.sasl === null
    const hint = unknown ? '. If it goes on: does this listener want a login (SASL)?' : ''
    return new ConnectionLost(`No connection to ${this.#where()}${why}${hint}`, maybeSent, { cause })
  }

  #where(): string {
    return `${this.#address.host}:${this.#address.port}`
  }
}
