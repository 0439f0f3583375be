import { CONSENT_PARTITIONS, refToBytes, type SubjectRef } from '@weir/consent'
import { FRESHNESS_MS, type RunningConsentView } from '@weir/consent-view'
import type { Contracts } from '@weir/contracts'
import type { Appender, Kafka } from '@weir/kafka'
import type { ReferenceHasher, Sealer } from '@weir/pseudonym'
import { type Logger, type Readiness, topicName } from '@weir/service'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { buildApp } from './app.ts'
import { DecisionIndex } from './decision-index.ts'
import type { Bound, Clock } from './environment.ts'
import { followTail } from './follow-tail.ts'
import { ledgerOf } from './ledger.ts'
import { LedgerIndex } from './ledger-index/ledger-index.ts'
import { Looker } from './looker.ts'
import { consentMetrics } from './metrics.ts'
import { namedSealer } from './named-sealer.ts'

/** What the service is made of: connections, keys, and all that it may not take for itself. */
export interface ConsentApiParts {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>
  readonly appender: Pick<Appender, 'append'>
  readonly view: RunningConsentView
  readonly namespace: string
  readonly contracts: Contracts
  readonly references: ReferenceHasher
  readonly seals: Sealer
  readonly isCaller: (authorization: string | undefined) => boolean
  readonly bound: Bound
  /** null: the ledger is read anew at each start. */
  readonly ledgerIndexFolder: string | null
  readonly publicUrl: () => string
  readonly clock: Clock
  readonly randomBytes: (count: number) => Uint8Array
  readonly randomUuid: () => string
  readonly registry: Registry
  readonly log: Logger
  /** Ends what runs in the background; then `close` waits for it. */
  readonly signal: AbortSignal
  /** A bug in the background: the process is to end. */
  readonly fail: (error: unknown) => void
}

/** The running service but for its port: main.ts lets `app` listen, tests and the simulator inject requests. */
export interface ConsentApi {
  readonly app: FastifyInstance
  readonly ready: () => Readiness
  /** Answers who waits, then ends. Connections stay their owner’s to close. */
  close(): Promise<void>
}

/** Puts the parts together and starts what follows the tail and the ledger. */
export async function openConsentApi(parts: ConsentApiParts): Promise<ConsentApi> {
  const { kafka, view, namespace, contracts, references, seals, clock, log, signal } = parts
  const topic = { ledger: topicName(namespace, 'consent.decisions'), state: topicName(namespace, 'consent.state') }
  const nonce12 = () => parts.randomBytes(12)

  const metrics = consentMetrics(parts.registry, () => index.pendingCount)
  const index: DecisionIndex = new DecisionIndex(
    clock,
    metrics.settled,
    (proof) => looker.add(proof),
    (entry) => looker.forget(entry),
  )
  const ledgerIndex = new LedgerIndex({
    kafka,
    topic: topic.ledger,
    folder: parts.ledgerIndexFolder,
    onAdded: (decisionId) => index.wake(decisionId),
    onEvent: ({ kind, message }) => log.info({ event: kind, detail: message }),
  })
  const looker = new Looker({ view, index, clock, signal })
  const app = await buildApp({
    contracts,
    view,
    ledger: ledgerOf({
      appender: parts.appender,
      topic: topic.ledger,
      partitions: CONSENT_PARTITIONS,
      randomBytes: parts.randomBytes,
    }),
    refOf: (kind, id) => {
      const ref = references.ref(kind, id) as SubjectRef
      return { ref, bytes: refToBytes(ref) }
    },
    linkSeal: namedSealer(seals, `${namespace}consent.links`, nonce12),
    formSeal: namedSealer(seals, `${namespace}consent.forms`, nonce12),
    index,
    ledgerIndex,
    looker,
    bound: parts.bound,
    metrics,
    isCaller: parts.isCaller,
    clock,
    randomUuid: parts.randomUuid,
    log,
    publicUrl: parts.publicUrl,
  })

  let waitingFor: string | null = 'starting'
  view.onState((ref, state, partition, offset) => index.observe(ref, state, partition, offset))
  const following = followTail({
    kafka,
    view,
    topic: topic.state,
    index,
    looker,
    freshnessMs: FRESHNESS_MS,
    signal,
    onWaiting: (why) => {
      waitingFor = why
    },
  }).catch((error: unknown) => {
    if (!signal.aborted) parts.fail(error)
  })
  ledgerIndex.start()

  return {
    app,
    ready: () => readiness(waitingFor, view),
    async close() {
      // Long polls first: they are answered with what is known, so that the server can close.
      index.close()
      await app.close()
      await following
      await looker.stopped()
      await ledgerIndex.close()
    },
  }
}

function readiness(waitingFor: string | null, view: Pick<RunningConsentView, 'health'>): Readiness {
  if (waitingFor !== null) return { ok: false, why: waitingFor }
  const { why, freshPartitions } = view.health()
  if (why !== '') return { ok: false, why }
  if (freshPartitions < CONSENT_PARTITIONS) {
    return { ok: false, why: 'consent is not proved fresh: withdrawals are taken, grants and reads are not' }
  }
  return { ok: true }
}
