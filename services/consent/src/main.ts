import { randomBytes, randomUUID } from 'node:crypto'
import { openConsentView } from '@weir/consent-view'
import { loadContracts } from '@weir/contracts'
import { connectKafka } from '@weir/kafka'
import { preflight } from '@weir/preflight'
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
} from '@weir/service'
import { z } from 'zod'
import { bearerCheck } from './bearer.ts'
import { consentServiceConfig } from './config.ts'
import { openConsentApi } from './consent-api.ts'
import { readTokenFile } from './token-file.ts'

/** Closing takes a fraction of it while the broker answers. */
const BROKER_ANSWERS_WITHIN_MS = 1_500

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
    const { WEIR_NAMESPACE: namespace, REDIS_URL: redis } = config
    const contracts = loadContracts(config.WEIR_CONTRACTS)
    const references = referenceHasher(readKeyFile(config.WEIR_REFERENCE_KEY_FILE))
    const rootKeys = readRootKeys(config.WEIR_ROOT_KEY_FILE)
    const isCaller = bearerCheck(readTokenFile(config.WEIR_SERVICE_TOKEN_FILE))
    const onEvent = (part: string) => (event: { readonly kind: string; readonly message: string }) =>
      log.info({ event: `${part}-${event.kind}`, detail: event.message })

    const kafka = await connectKafka({ ...kafkaOptions(config, 'weir-consent'), onEvent: onEvent('kafka'), signal })
    const { bound } = await preflight({
      kafka,
      redisUrl: redis,
      namespace,
      rawTopics: [],
      signal,
      onEvent: onEvent('preflight'),
    })
    const view = await openConsentView({ kafka, redis, namespace, clock, onEvent: onEvent('consent') })
    const appender = await kafka.appender()
    let publicUrl = config.WEIR_PUBLIC_URL ?? ''
    const api = await openConsentApi({
      kafka,
      appender,
      view,
      namespace,
      contracts,
      references,
      seals: sealer(new KeyRing(rootKeys.keys, rootKeys.current)),
      isCaller,
      bound,
      ledgerIndexFolder: config.WEIR_LEDGER_INDEX_FOLDER ?? null,
      publicUrl: () => publicUrl,
      clock,
      randomBytes,
      randomUuid: randomUUID,
      registry,
      log,
      signal,
      fail,
    })
    const url = await api.app.listen({ host: config.WEIR_HTTP_HOST, port: config.WEIR_HTTP_PORT })
    publicUrl ||= url
    log.info({ event: 'listening', what: 'http', port: Number(new URL(url).port) })

    return {
      ready: api.ready,
      async close() {
        // A broker that says nothing must not keep the process: what it did not confirm was answered as unsure.
        const late = setTimeout(() => kafka.abandon(), BROKER_ANSWERS_WITHIN_MS)
        await api.close()
        await appender.close()
        await view.close()
        await kafka.close()
        clearTimeout(late)
      },
    }
  },
})
