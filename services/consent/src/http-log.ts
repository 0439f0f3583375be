import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Environment } from './environment.ts'

/** Stands for the address of a request that no route takes: what was asked for is never logged. */
const NO_ROUTE = 'none'

/**
 * Logs and counts each request by its route's pattern, such as `/preferences/:link`. Fastify's own request log is off,
 * since it writes addresses, and a link in an address is a key to somebody's choices.
 */
export function logRequests(app: FastifyInstance, env: Pick<Environment, 'log' | 'metrics'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const tookMs = reply.elapsedTime
    const { method, route } = named(request)
    env.metrics.requested(method, route, reply.statusCode, tookMs)
    env.log.info({ event: 'request', method, route, status: reply.statusCode, ms: Math.round(tookMs) })
  })
}

/** What may be said of a request in logs and metrics. */
export function named(request: FastifyRequest): { readonly method: string; readonly route: string } {
  return { method: request.method, route: request.is404 ? NO_ROUTE : (request.routeOptions.url ?? NO_ROUTE) }
}

/** The W3C trace context that came with a request, when it is well-formed; it goes on into the ledger's header. */
export function traceparentOf(request: FastifyRequest): string | null {
  const given = request.headers['traceparent']
  return typeof given === 'string' && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(given) ? given : null
}
