/** The parts of kafkajs 2.2.4 that `kafkajs-connection.ts` uses and that kafkajs does not type. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net'
  import type { TlsOptions } from '../options.ts'

  interface Entry {
    apiKey: number
    apiName: string
    apiVersion: number
    correlationId: number
    resolve(response: { payload: Buffer }): void
    reject(error: Error): void
  }

  interface Queue {
    push(request: {
      entry: Entry
      expectResponse: boolean
      requestTimeout: number | null
      sendRequest: () => void
    }): void
    fulfillRequest(response: { correlationId: number; payload: Buffer; size: number }): void
    destroy(): void
  }

  interface SilentLogger {
    namespace(name: string): SilentLogger
    debug(): void
    info(): void
    warn(): void
    error(): void
  }

  export default class Connection {
    constructor(options: {
      host: string
      port: number
      clientId: string
      ssl: TlsOptions | null
      sasl: object | null
      logger: SilentLogger
      connectionTimeout: number
      requestTimeout: number
      enforceRequestTimeout: boolean
      socketFactory: (options: { host: string; port: number; ssl: TlsOptions | null; onConnect: () => void }) => Socket
    })
    /** How long before the end of a session `isAuthenticated` becomes false, in milliseconds. */
    reauthenticationThreshold: number
    /** From when (`process.hrtime`) the session is counted. */
    authenticatedAt: [number, number] | null
    /** What the broker gave at the last login; 0 is without end. */
    readonly sessionLifetime: { toString(): string }
    readonly requestQueue: Queue
    connect(): Promise<true>
    disconnect(): Promise<true>
    isConnected(): boolean
    isAuthenticated(): boolean
    authenticate(): Promise<void>
    setVersions(versions: Record<number, { minVersion: number; maxVersion: number }>): void
    setSupportAuthenticationProtocol(supported: boolean): void
    nextCorrelationId(): number
    rejectRequests(error: Error): void
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
  }
}
