import type { Shopper } from '@weir/test/workload/shoppers.ts'
import type { StreamPlan } from '@weir/test/workload/stream.ts'
import type { ConsentClient } from './consent-client.ts'
import { publishStream, type StreamParts } from './publish-stream.ts'

const PER_SECOND = 5
const LOOK_MS = 500

/** Goes on slowly until it is interrupted, and says when the shopper of the form changes their mind. */
export async function keepOn(
  plan: StreamPlan,
  shopper: Shopper,
  consent: ConsentClient,
  parts: StreamParts,
  say: (line: string) => void,
): Promise<void> {
  const publishing = publishStream(plan.endless(shopper), Number.POSITIVE_INFINITY, PER_SECOND, [], parts)
  const watching = watch(shopper, consent, parts.signal, say)
  await Promise.all([publishing, watching])
}

async function watch(
  shopper: Shopper,
  consent: ConsentClient,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const subject = { kind: 'user', id: shopper.subjectId } as const
  let known = await consent.state(subject)
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const state = await consent.state(subject)
    for (const [purpose, status] of Object.entries(state)) {
      if (known[purpose] === status) continue
      say(`The shopper of the form: ${purpose} is now ${status}, for everything that is processed from here on.`)
    }
    known = state
  }
}
