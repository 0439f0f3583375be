import type { ConsentState, SubjectRef } from '@weir/consent'
import { openConsentView, openRedis } from '@weir/consent-view'
import { foldLedger } from '../check/consent-history.ts'
import { readLedger, readStates } from '../check/consent-records.ts'
import type { DumpedRecord } from '../check/evidence.ts'
import { until } from './until.ts'
import type { Weir } from './weir.ts'

/** What consent.state says of each ref, as its records come. */
export interface ConsentStates {
  readonly latest: ReadonlyMap<SubjectRef, ConsentState>
  close(): Promise<void>
}

/** States that come from now on. */
export async function followStates(weir: Weir): Promise<ConsentStates> {
  const redis = openRedis(weir.stack.REDIS_URL, () => {})
  const clock = { monotonicMs: () => performance.now() }
  const kafka = await weir.kafka()
  const view = await openConsentView({ kafka, redis, namespace: weir.namespace, clock, requireFresh: false })
  const latest = new Map<SubjectRef, ConsentState>()
  view.onState((ref, state) => latest.set(ref as SubjectRef, state))
  return {
    latest,
    async close() {
      await view.close()
      redis.disconnect()
    },
  }
}

/** Waits until consent.state has this for a ref. */
export function stateOf(
  states: ConsentStates,
  ref: SubjectRef,
  what: (state: ConsentState) => boolean,
  limitMs = 60_000,
): Promise<ConsentState> {
  return until(
    'consent.state has it',
    () => {
      const state = states.latest.get(ref)
      return state !== undefined && what(state) ? state : null
    },
    limitMs,
  )
}

/** Where consent.state, read by a foreign client, is something else than the ledger gives, by the checker's own fold. */
export async function differencesFromLedger(weir: Weir): Promise<readonly string[]> {
  const records = await weir.dump('consent.decisions', 'consent.state')
  const of = (name: string): DumpedRecord[] =>
    records
      .filter(({ topic }) => topic === weir.topic(name))
      .map(({ partition, offset, timestamp, key, value }) => {
        return { partition, offset, timestampMs: timestamp, key, value, headers: [] }
      })
  const [decisions, states] = [readLedger(of('consent.decisions')), readStates(of('consent.state'))]
  const differences = [...foldLedger(decisions, states).values()].flatMap((history) => history.differences)
  // Each decision was folded once, and gave one state.
  const folded = decisions.map(({ ref, offset }) => `${ref} ${offset + 1}`).sort()
  const written = [...states.values()].flatMap((own) => own.map(({ ref, position }) => `${ref} ${position}`)).sort()
  if (folded.join() !== written.join()) {
    differences.push(`${decisions.length} decisions gave ${written.length} states, not one each`)
  }
  return differences
}
