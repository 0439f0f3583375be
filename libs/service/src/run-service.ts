import type pino from 'pino'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { commonConfig } from './config.ts'
import { Lifecycle } from './lifecycle.ts'
import { makeLogger } from './log.ts'
import { makeMetrics } from './metrics.ts'
import { type Readiness, startOpsServer } from './ops-server.ts'
import { listenForEnd } from './process-events.ts'
import { ConfigError, readConfig } from './read-config.ts'
import { watchReadiness } from './watch-readiness.ts'

const EXIT_CONFIG = 2

/** What a service gets to work with. */
export interface Service<Config> {
  readonly name: string
  readonly config: Config
  readonly log: pino.Logger
  readonly metrics: Registry
  /** Aborts when the process is asked to end, or has failed. */
  readonly signal: AbortSignal
  /** A bug, or a state that can't be mended from inside: logged, closed, exit 1. Returns at once. */
  fail(error: unknown): void
  /** Its job is over: closed, then exit with this code. Returns at once. */
  end(exitCode: number): void
}

export interface RunningService {
  /** Whether it does its job now, and if not, why. Asked often: answers from memory, and does not throw. */
  ready(): Readiness
  /** Finishes or gives up what is open and lets go of connections. Bounded by WEIR_SHUTDOWN_TIMEOUT_MS. */
  close(): Promise<void>
}

export interface ServiceDefinition<Shape extends z.ZodRawShape> {
  readonly name: string
  /** Must contain `...commonConfig`. */
  readonly config: z.ZodObject<Shape>
  /** Exit code when it is asked to end and closes well: of a job, that it was interrupted. Default: 0. */
  readonly exitWhenAsked?: number
  readonly start: (service: Service<z.output<z.ZodObject<Shape>>>) => Promise<RunningService>
}

/**
 * A service's whole life: settings, log, metrics, health, start, shutdown. It is all that a `main.ts` calls.
 * Exit codes: 0 asked to end and closed well, or as the service says; 1 failed, or closing did; 2 settings missing or
 * wrong.
 */
export async function runService<Shape extends z.ZodRawShape>(definition: ServiceDefinition<Shape>): Promise<void> {
  const { name } = definition
  const settings = readSettings(definition)
  const { common, config } = settings
  const log = makeLogger(name, common.WEIR_LOG_LEVEL)
  const metrics = makeMetrics(name)
  const lifecycle = new Lifecycle(log, common.WEIR_SHUTDOWN_TIMEOUT_MS, definition.exitWhenAsked)
  listenForEnd((ending) => lifecycle.end(ending))

  let running: RunningService | undefined
  const ready = (): Readiness => {
    if (lifecycle.signal.aborted) return { ok: false, why: 'closing' }
    return running === undefined ? { ok: false, why: 'starting' } : running.ready()
  }
  const fail = (error: unknown): void => lifecycle.end({ kind: 'failed', error })
  const end = (exitCode: number): void => lifecycle.end({ kind: 'over', exitCode })

  // What is being started must be closed too, so closing waits for it; the bound on closing holds for both.
  const opening = open()
  lifecycle.onClose(async () => {
    const opened = await opening
    await opened?.()
  })
  await opening

  async function open(): Promise<(() => Promise<void>) | undefined> {
    // Lets the caller set onClose before anything here can fail.
    await Promise.resolve()
    const closers: (() => Promise<void>)[] = []
    try {
      const { WEIR_OPS_HOST: host, WEIR_OPS_PORT: port } = common
      const ops = await startOpsServer({ host, port, metrics, started: () => running !== undefined, ready })
      closers.unshift(() => ops.close())
      log.info({ event: 'listening', what: 'ops', port: ops.port })

      const started = await definition.start({ name, config, log, metrics, signal: lifecycle.signal, fail, end })
      closers.unshift(() => started.close())
      running = started
      const stopWatching = watchReadiness({ ready, log, metrics, fail, signal: lifecycle.signal })
      closers.unshift(async () => stopWatching())
    } catch (error) {
      // A start that was told to give up may reject; that is its good right.
      if (!lifecycle.signal.aborted) fail(error)
    }
    return () => closeAll(closers)
  }
}

/** Closes in the given order; one that fails does not keep the others open. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers) await close().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

function readSettings<Shape extends z.ZodRawShape>(definition: ServiceDefinition<Shape>) {
  try {
    const config = readConfig(definition.name, definition.config, process.env)
    return { config, common: readConfig(definition.name, z.object(commonConfig), process.env) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_CONFIG)
  }
}
