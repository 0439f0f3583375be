import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '@weir/kafka'
import { type StatedBound, statedBound } from './bound.ts'
import { MissingTopic, readSettings, type SettingsOf } from './read-settings.ts'
import { findings } from './rules.ts'
import { UnsafeSettings } from './settings.ts'

const RETRY_MS = 500

export interface PreflightOptions extends SettingsOf {
  /** Ends the waiting: the process is to end. */
  readonly signal: AbortSignal
  readonly onEvent: (event: { readonly kind: string; readonly message: string }) => void
}

export interface Preflight {
  readonly bound: StatedBound
}

/**
 * Looks at the settings of broker, topics and Redis before a service opens its parts. Waits, and says so once, while the
 * broker or a topic is away; warnings go to `onEvent`.
 *
 * @throws UnsafeSettings when a setting breaks a promise; KafkaError when the broker refuses to tell its settings
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const settings = await settingsInTime(options)
  const found = findings(settings)
  const refused = found.filter(({ severity }) => severity === 'refuse')
  if (refused.length > 0) throw new UnsafeSettings(refused)
  for (const { where, setting, found: value, breaks, mend } of found) {
    const message = `${where}: ${setting} is ${value}: ${breaks}. Better: ${mend}`
    options.onEvent({ kind: 'setting-to-mend', message })
  }
  return { bound: statedBound(settings) }
}

async function settingsInTime(options: PreflightOptions) {
  const { signal, onEvent } = options
  let told = ''
  for (;;) {
    signal.throwIfAborted()
    try {
      return await readSettings(options)
    } catch (error) {
      if (!(error instanceof MissingTopic || (error instanceof KafkaError && error.retriable))) throw error
      if (error.message !== told) onEvent({ kind: 'waiting-for-settings', message: error.message })
      told = error.message
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}
