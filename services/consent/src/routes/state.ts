import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Environment } from '../environment.ts'
import { LookupHeld, lookUp } from '../look-up.ts'
import { parseBody, subjectField } from '../request-body.ts'
import { subjectState } from '../subject-state.ts'

const stateBody = z.strictObject({ subject: subjectField })

/** Tells what holds for a subject. A POST, since the id must not stand in an address. */
export function stateRoutes(app: FastifyInstance, env: Environment): void {
  app.post('/v1/state', async (request) => {
    const { subject } = parseBody(stateBody, request.body)
    try {
      const state = await lookUp(env.view, env.refOf(subject.kind, subject.id))
      return subjectState(state, env.view.tickTimeMs)
    } catch (error) {
      throw error instanceof LookupHeld ? error.asConsentError() : error
    }
  })
}
