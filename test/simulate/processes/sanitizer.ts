import { openConsentView } from '@weir/consent-view'
import { TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import { GrantKeys, purposeKeys, referenceHasher, sealer } from '@weir/pseudonym'
import { contractFingerprint } from '@weir/service'
import { Marks } from '@weir/transcoder'
import { Registry } from 'prom-client'
import { ChunkReader } from '../../../services/sanitizer/src/chunk-reader.ts'
import { Loop } from '../../../services/sanitizer/src/loop.ts'
import { SanitizerMetrics } from '../../../services/sanitizer/src/metrics.ts'
import { openOutputs } from '../../../services/sanitizer/src/open-outputs.ts'
import { startPositions } from '../../../services/sanitizer/src/start-position.ts'
import { Watch } from '../../../services/sanitizer/src/watch.ts'
import { WriterSchemas } from '../../../services/sanitizer/src/writer-schemas.ts'
import { SETTING } from '../load/setting.ts'
import { bytesOf } from '../time/random-bytes.ts'
import { contracts, ring, stream } from './contracts.ts'
import { clock, closingWithin, type Ground, REMEMBERED, type Started } from './ground.ts'
import { registry } from './registry.ts'

/** Put together as its main.ts does. */
export async function startSanitizer({ kafka, redis, random, log, slot, signal, fail }: Ground): Promise<Started> {
  const { rawTopic } = stream
  const groupId = `sanitizer.${stream.name}`
  const opened = await openOutputs({
    kafka,
    registry,
    stream,
    purposes: contracts.purposes,
    name: (plain) => plain,
    clock,
    log,
    signal,
  })
  const consent = await openConsentView({
    kafka,
    redis,
    namespace: '',
    clock,
    rememberedSubjects: REMEMBERED,
    onEvent: (event) => log.info(event),
  })
  const transactions = kafka.transactionalProducer({
    transactionalId: `${groupId}.${slot}`,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
  })
  const fetcher = kafka.fetcher({
    topic: rawTopic,
    isolation: 'read_committed',
    maxWaitMs: 250,
    maxPartitionBytes: 4 * 1024 * 1024,
    maxBytes: 16 * 1024 * 1024,
    readAheadBytes: 16 * 1024 * 1024,
  })
  const reader = new ChunkReader(rawTopic, fetcher, clock.monotonicMs)
  const purposes = stream.outputs.map((output) => output.purpose.name)
  const metrics = new SanitizerMetrics(new Registry(), { lag: () => 0, lagMs: () => 0, consentAgeMs: () => 0 })
  const startsAt = (partitions: readonly number[]) => startPositions(kafka, groupId, rawTopic, partitions, signal)
  const loop = new Loop({ reader, startsAt, transactions, clock, metrics, purposes, log, signal, fail })
  const watch = new Watch({ kafka, rawTopic, loop, reader, clock, log, fail, signal })
  const member = await kafka.join({
    groupId,
    topic: rawTopic,
    rebalanceTimeoutMs: 10_000,
    onAssigned: (partitions) => loop.assigned(partitions),
    onRevoked: (partitions) => loop.revoked(partitions),
    onLost: (partitions) => loop.lost(partitions),
    onStopped: fail,
    signal,
  })
  const running = loop
    .run({
      stream,
      rawTopic,
      ...opened,
      audit: { ...opened.audit, kind: 'live', source: rawTopic, contract: contractFingerprint(SETTING.contractFolder) },
      schemas: new WriterSchemas(registry, stream, `${rawTopic}-value`),
      marks: new Marks(),
      consent,
      references: referenceHasher(SETTING.referenceKey),
      grantKeys: purposes.map((purpose) => new GrantKeys(purposeKeys(ring), purpose, 1_000)),
      sealer: sealer(ring),
      transactions,
      member,
      clock,
      random: { below: (below) => random.below(below), bytes: (count) => bytesOf(random, count) },
    })
    .catch(fail)
  const watching = watch.run().catch(fail)

  return {
    why: () => loop.trouble ?? watch.why ?? consent.health().why,
    close: () =>
      closingWithin(kafka, async () => {
        await running
        await watching
        await member.leave()
        await transactions.close()
        await fetcher.close()
        await consent.close()
        await kafka.close()
      }),
  }
}
