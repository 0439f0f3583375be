import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Environment } from '../environment.ts'
import { sealLink } from '../links.ts'
import { parseBody, subjectField } from '../request-body.ts'

const DEFAULT_EXPIRES_IN_S = 3600
const MAX_EXPIRES_IN_S = 30 * 86_400
const EXPIRES_RULE = `It must be a whole number of seconds, 1 to ${MAX_EXPIRES_IN_S}.`

const linkBody = z.strictObject({
  subject: subjectField,
  expiresInS: z
    .int({ error: EXPIRES_RULE })
    .min(1, { error: EXPIRES_RULE })
    .max(MAX_EXPIRES_IN_S, { error: EXPIRES_RULE })
    .optional(),
})

/** Makes links to the form. Whoever has a link can read and change that person's choices until it runs out. */
export function linkRoutes(app: FastifyInstance, env: Environment): void {
  app.post('/v1/links', async (request, reply) => {
    const { subject, expiresInS } = parseBody(linkBody, request.body)
    const expiresAtMs = env.clock.nowMs() + (expiresInS ?? DEFAULT_EXPIRES_IN_S) * 1000
    const link = sealLink(env.linkSeal, { subject, expiresAtMs })
    const url = `${env.publicUrl()}/preferences/${link}`
    return reply.code(201).send({ url, expiresAt: new Date(expiresAtMs).toISOString() })
  })
}
