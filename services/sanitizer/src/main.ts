import { runService, slotConfig } from '@weir/service'
import { z } from 'zod'
import { ChunkReader } from './chunk-reader.ts'
import { openSanitizer, sanitizerConfig } from './open-sanitizer.ts'
import { startPositions } from './start-position.ts'

const config = z.object({
  ...sanitizerConfig,
  ...slotConfig,
  WEIR_STREAM: z
    .string()
    .default('clickstream')
    .describe('Name of the stream in the contracts that this process sanitizes'),
})

await runService({
  name: 'sanitizer',
  config,
  start: ({ config: settings, log, metrics, signal, fail }) =>
    openSanitizer({
      settings,
      clientId: 'weir-sanitizer',
      streamName: settings.WEIR_STREAM,
      source: ({ kafka, stream, rawTopic, name, signal: ending }) => {
        const groupId = name(`sanitizer.${stream.name}`)
        return {
          topic: rawTopic,
          groupId,
          transactionalId: `${groupId}.${settings.WEIR_SLOT}`,
          kind: 'live',
          startsAt: (partitions) => startPositions(kafka, groupId, rawTopic, partitions, ending),
          reader: ({ fetcher, clock }) => new ChunkReader(rawTopic, fetcher, clock.monotonicMs),
        }
      },
      quarantines: true,
      metrics,
      log,
      signal,
      fail,
    }),
})
