import { milliseconds } from '@weir/service'
import { z } from 'zod'

const DAY_MS = 86_400_000

/** What the forgetter needs beyond the settings that all services share. */
export const forgetterConfig = {
  WEIR_FORGET_SPREAD_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(60_000)
    .describe('Window in milliseconds, an hour at most, over which forget orders are spread, each at random')
    .meta({ shown: true }),
  WEIR_REDIS_DUMPS_KEPT_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_650 * DAY_MS)
    .default(7 * DAY_MS)
    .describe(
      'How long dumps of the consent cache are kept anywhere, in milliseconds: an erasure is not completed before',
    )
    .meta({ shown: true }),
  WEIR_ERASURE_CHECK_MS: milliseconds
    .default(30_000)
    .describe('How often open erasures are looked at, in milliseconds')
    .meta({ shown: true }),
} as const
