import { safeError } from '@weir/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Environment } from './environment.ts'
import { ConsentError, invalid } from './errors.ts'
import { named } from './http-log.ts'

/** Turns whatever a route threw into the error to answer; what nobody foresaw is logged, without the request. */
export function toConsentError(error: unknown, request: FastifyRequest, env: Pick<Environment, 'log'>): ConsentError {
  const known = error instanceof ConsentError ? error : ofFastify(error)
  if (known?.cause !== undefined) {
    env.log.warn({ event: 'request-failed', ...named(request), code: known.code, cause: safeError(known.cause) })
  }
  if (known !== null) return known
  env.log.error({ event: 'request-failed', ...named(request), err: error })
  return new ConsentError({
    status: 500,
    code: 'WEIR_CONSENT_INTERNAL',
    message: 'Something went wrong here.',
    mend: 'Send the same request again with the same decisionId; tell who runs this service if it stays so.',
  })
}

export function answerJson(reply: FastifyReply, error: ConsentError): FastifyReply {
  const { status, retryAfterS } = error.details
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).send(error.body())
}

export function notFound(): ConsentError {
  return new ConsentError({
    status: 404,
    code: 'WEIR_CONSENT_NOT_FOUND',
    message: 'There is nothing at this address.',
    mend: 'See the README of the consent service for what it offers.',
  })
}

/** Fastify's own refusals, in our words: its messages may quote the body. */
function ofFastify(error: unknown): ConsentError | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null
  switch (error.statusCode) {
    case 413:
      return new ConsentError({
        status: 413,
        code: 'WEIR_CONSENT_BODY_TOO_LARGE',
        message: 'The body is too large.',
        mend: 'Send one decision a request.',
      })
    case 415:
      return new ConsentError({
        status: 415,
        code: 'WEIR_CONSENT_MEDIA_TYPE',
        message: 'The body has a content type that is not understood here.',
        mend: 'Send JSON with content-type: application/json.',
      })
    default:
      if (error.statusCode < 400 || error.statusCode > 499) return null
      return invalid('body', 'The request can’t be read.', 'Send well-formed JSON.')
  }
}
