import type pino from 'pino'
import { Gauge, type Registry } from 'prom-client'
import type { Readiness } from './ops-server.ts'

const LOOK_EVERY_MS = 100

export interface ReadinessWatch {
  readonly ready: () => Readiness
  readonly log: pino.Logger
  readonly metrics: Registry
  readonly fail: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Logs each change between ready and not ready (with the reason), and keeps `weir_ready`. Returns how to stop. */
export function watchReadiness(watch: ReadinessWatch): () => void {
  const gauge = new Gauge({
    name: 'weir_ready',
    help: '1 while the service does its job, else 0.',
    registers: [watch.metrics],
  })
  let known: string | undefined

  const look = (): void => {
    if (watch.signal.aborted) return
    try {
      const state = watch.ready()
      gauge.set(state.ok ? 1 : 0)
      const now = state.ok ? '' : state.why
      if (now === known) return
      known = now
      if (state.ok) watch.log.info({ event: 'ready' })
      else watch.log.warn({ event: 'not-ready', why: state.why })
    } catch (error) {
      clearInterval(timer)
      watch.fail(error)
    }
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  look()
  return () => clearInterval(timer)
}
