import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance } from 'fastify'
import { answerJson, notFound, toConsentError } from './answer-errors.ts'
import type { Environment } from './environment.ts'
import { ConsentError } from './errors.ts'
import { logRequests } from './http-log.ts'
import { decisionRoutes } from './routes/decisions.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { historyRoutes } from './routes/history.ts'
import { linkRoutes } from './routes/links.ts'
import { preferenceRoutes } from './routes/preferences.ts'
import { stateRoutes } from './routes/state.ts'

const MAX_BODY_BYTES = 64 * 1024

/** A sealed link with the longest id (512 characters, 4 bytes and an escape each) stays below it. */
const MAX_LINK_LENGTH = 8192

/** Assembles the HTTP server: the API behind the service token, the form behind its links. Does not listen. */
export async function buildApp(env: Environment): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_LINK_LENGTH },
    // Addresses that can't be decoded never reach a route; Fastify's own answer would quote them.
    frameworkErrors: (_error, _request, reply) => answerJson(reply, notFound()),
  })
  logRequests(app, env)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  app.setErrorHandler((error, request, reply) => answerJson(reply, toConsentError(error, request, env)))
  app.setNotFoundHandler((_request, reply) => answerJson(reply, notFound()))

  await app.register(async (api) => {
    // JSON alone: a web page can make a browser send plain text or forms to anybody without asking.
    api.removeContentTypeParser('text/plain')
    api.addHook('onRequest', async (request) => {
      if (!env.isCaller(request.headers.authorization)) throw unauthorized()
    })
    decisionRoutes(api, env)
    stateRoutes(api, env)
    historyRoutes(api, env)
    erasureRoutes(api, env)
    linkRoutes(api, env)
  })
  await app.register(async (form) => {
    await form.register(formbody, { bodyLimit: MAX_BODY_BYTES })
    preferenceRoutes(form, env)
  })
  return app
}

function unauthorized(): ConsentError {
  return new ConsentError({
    status: 401,
    code: 'WEIR_CONSENT_UNAUTHORIZED',
    message: 'The service token is missing or wrong.',
    mend: 'Send it as "Authorization: Bearer <token>"; it is in the file that WEIR_SERVICE_TOKEN_FILE names.',
  })
}
