import { openConsentView } from '@weir/consent-view'
import { referenceHasher, sealer } from '@weir/pseudonym'
import { makeLogger } from '@weir/service'
import { Registry } from 'prom-client'
import { openConsentApi } from '../../../services/consent/src/consent-api.ts'
import { SETTING } from '../load/setting.ts'
import { bytesOf, uuidOf } from '../time/random-bytes.ts'
import { contracts, ring } from './contracts.ts'
import { clock, closingWithin, type Ground, REMEMBERED, type Started } from './ground.ts'

/** The transaction timeout, and the sweep of the modelled brokers; readers see the last of it a little later. */
export const BOUND = { commitsWithinMs: 6_000, visibleWithinMs: 7_000 }

/** Put together as its main.ts does, but that nobody listens: requests are injected. */
export async function startConsent({ kafka, redis, random, log, signal, fail }: Ground): Promise<Started> {
  const view = await openConsentView({
    kafka,
    redis,
    namespace: '',
    clock,
    rememberedSubjects: REMEMBERED,
    onEvent: (event) => log.info(event),
  })
  const appender = await kafka.appender()
  const api = await openConsentApi({
    kafka,
    appender,
    view,
    namespace: '',
    contracts,
    references: referenceHasher(SETTING.referenceKey),
    seals: sealer(ring),
    isCaller: () => true,
    bound: BOUND,
    ledgerIndexFolder: null,
    publicUrl: () => '',
    clock,
    randomBytes: (count) => bytesOf(random, count),
    randomUuid: () => uuidOf(random),
    registry: new Registry(),
    log: makeLogger('consent', 'silent'),
    signal,
    fail,
  })
  return {
    api: api.app,
    why: () => {
      const ready = api.ready()
      return ready.ok ? '' : ready.why
    },
    close: () =>
      closingWithin(kafka, async () => {
        await api.close()
        await appender.close()
        await view.close()
        await kafka.close()
      }),
  }
}
