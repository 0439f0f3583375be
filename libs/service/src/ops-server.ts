import Fastify from 'fastify'
import type { Registry } from 'prom-client'

export type Readiness = { readonly ok: true } | { readonly ok: false; readonly why: string }

export interface OpsServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly metrics: Registry
  readonly started: () => boolean
  readonly ready: () => Readiness
}

export interface OpsServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Health and metrics over HTTP:
 * - `/livez` 200 while the process can answer at all: never depends on Kafka or Redis, or an outage of theirs would
 *   restart every replica at once;
 * - `/startupz` 200 once the service has started;
 * - `/readyz` 200 while it does its job, else 503 with the reason;
 * - `/metrics` in Prometheus' text format.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  const answer = (state: Readiness) => ({
    status: state.ok ? 200 : 503,
    body: state.ok ? { status: 'ok' } : { status: 'unavailable', why: state.why },
  })

  app.get('/livez', async () => ({ status: 'ok' }))
  app.get('/startupz', async (_request, reply) => {
    const { status, body } = answer(options.started() ? { ok: true } : { ok: false, why: 'starting' })
    return reply.code(status).send(body)
  })
  app.get('/readyz', async (_request, reply) => {
    const { status, body } = answer(options.ready())
    return reply.code(status).send(body)
  })
  app.get('/metrics', async (_request, reply) => {
    const text = await options.metrics.metrics()
    return reply.type(options.metrics.contentType).send(text)
  })

  await app.listen({ host: options.host, port: options.port })
  const address = app.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => app.close(),
  }
}
