import { randomBytes, randomUUID } from 'node:crypto'
import { CONSENT_PARTITIONS, refToBytes, type SubjectRef } from '@weir/consent'
import { openConsentView } from '@weir/consent-view'
import { loadContracts } from '@weir/contracts'
import { connectKafka } from '@weir/kafka'
import { KeyRing, referenceHasher, sealer } from '@weir/pseudonym'
import {
  commonConfig,
  contractsConfig,
  kafkaConfig,
  kafkaOptions,
  keyFilesConfig,
  readKeyFile,
  readRootKeys,
  redisConfig,
  runService,
  topicName,
} from '@weir/service'
import { z } from 'zod'
import { buildApp } from './app.ts'
import { bearerCheck } from './bearer.ts'
import { consentServiceConfig } from './config.ts'
import { DecisionIndex } from './decision-index.ts'
import { followTail } from './follow-tail.ts'
import { ledgerOf } from './ledger.ts'
import { consentMetrics } from './metrics.ts'
import { namedSealer } from './named-sealer.ts'
import { readTokenFile } from './token-file.ts'

/** S: how long `effective` is withheld after each start of the tail. */
const FRESHNESS_MS = 2000

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() }

await runService({
  name: 'consent',
  config: z.object({
    ...commonConfig,
    ...kafkaConfig,
    ...redisConfig,
    ...contractsConfig,
    ...keyFilesConfig,
    ...consentServiceConfig,
  }),
  start: async ({ config, log, metrics: registry, signal, fail }) => {
    const { WEIR_NAMESPACE: namespace } = config
    const contracts = loadContracts(config.WEIR_CONTRACTS)
    const references = referenceHasher(readKeyFile(config.WEIR_REFERENCE_KEY_FILE))
    const rootKeys = readRootKeys(config.WEIR_ROOT_KEY_FILE)
    const seals = sealer(new KeyRing(rootKeys.keys, rootKeys.current))
    const isCaller = bearerCheck(readTokenFile(config.WEIR_SERVICE_TOKEN_FILE))
    const onEvent = (part: string) => (event: { readonly kind: string; readonly message: string }) =>
      log.info({ event: `${part}-${event.kind}`, detail: event.message })

    const kafka = await connectKafka({ ...kafkaOptions(config, 'weir-consent'), onEvent: onEvent('kafka'), signal })
    const view = await openConsentView({
      kafka,
      redis: config.REDIS_URL,
      namespace,
      clock,
      freshnessMs: FRESHNESS_MS,
      onEvent: onEvent('consent'),
    })
    const appender = await kafka.appender()

    const metrics = consentMetrics(registry, () => index.pendingCount)
    const index = new DecisionIndex(clock, metrics.settled)
    view.onState((ref, state, partition, offset) => index.observe(ref, state, partition, offset))

    let waitingFor: string | null = 'starting'
    const follow = () =>
      followTail({
        kafka,
        view,
        topic: topicName(namespace, 'consent.state'),
        index,
        freshnessMs: FRESHNESS_MS,
        signal,
        onWaiting: (why) => {
          waitingFor = why
        },
      })

    let publicUrl = config.WEIR_PUBLIC_URL ?? ''
    const app = await buildApp({
      contracts,
      view,
      ledger: ledgerOf({
        appender,
        topic: topicName(namespace, 'consent.decisions'),
        partitions: CONSENT_PARTITIONS,
        randomBytes,
      }),
      refOf: (kind, id) => {
        const ref = references.ref(kind, id) as SubjectRef
        return { ref, bytes: refToBytes(ref) }
      },
      linkSeal: namedSealer(seals, `${namespace}consent.links`, () => randomBytes(12)),
      formSeal: namedSealer(seals, `${namespace}consent.forms`, () => randomBytes(12)),
      index,
      metrics,
      isCaller,
      clock,
      randomUuid: randomUUID,
      log,
      publicUrl: () => publicUrl,
    })
    const url = await app.listen({ host: config.WEIR_HTTP_HOST, port: config.WEIR_HTTP_PORT })
    publicUrl ||= url
    log.info({ event: 'listening', what: 'http', port: Number(new URL(url).port) })
    const following = follow().catch((error: unknown) => {
      if (!signal.aborted) fail(error)
    })

    return {
      ready: () => {
        if (waitingFor !== null) return { ok: false, why: waitingFor }
        const { why, freshPartitions } = view.health()
        if (why !== '') return { ok: false, why }
        if (freshPartitions < CONSENT_PARTITIONS) {
          return { ok: false, why: 'consent is not proved fresh: withdrawals are taken, grants and reads are not' }
        }
        return { ok: true }
      },
      async close() {
        // Long polls first: they are answered with what is known, so that the server can close.
        index.close()
        await app.close()
        await following
        await appender.close()
        await view.close()
        await kafka.close()
      },
    }
  },
})
