import { openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Closed, connectKafka } from '@weir/kafka'
import { Random } from '../workload/random.ts'
import { Copier, type CopierHooks, type CopyJob, type Phase } from './copier.ts'

/**
 * One member of the copy as a process of its own: its settings as JSON on the command line, its events as JSON lines on
 * standard output. It leaves when its standard input says so or ends.
 */
export interface MemberSettings {
  readonly brokers: string
  readonly job: CopyJob
  /** Its first byte says where the member's transaction stands, also after a SIGKILL. */
  readonly phaseFile: string
  /** Longest pause inside an open transaction, in ms. 0: none. */
  readonly pauseMs: number
  readonly seed: string
}

export const PHASES: readonly Phase[] = ['none', 'opening', 'open', 'ending']

async function main(settings: MemberSettings): Promise<void> {
  const { brokers, job, pauseMs } = settings
  const random = new Random(settings.seed)
  const phaseFile = openSync(settings.phaseFile, 'r+')
  const leaving = new AbortController()
  let phase: Phase = 'none'
  const tell = (event: object): void => {
    process.stdout.write(`${JSON.stringify(event)}\n`)
  }
  const leave = (): void => {
    if (leaving.signal.aborted) return
    tell({ kind: 'leaving', open: phase === 'open' || phase === 'ending' })
    leaving.abort()
  }
  process.stdin.on('data', leave).on('end', leave)
  const hooks = {
    tell,
    phase: (now: Phase) => {
      phase = now
      writeSync(phaseFile, Uint8Array.of(PHASES.indexOf(now)), 0, 1, 0)
    },
    ...(pauseMs > 0 ? { whileOpen: () => pause(random.below(pauseMs)) } : {}),
  }
  try {
    await copy(brokers, job, hooks, leaving.signal)
  } catch (error) {
    // Told to leave before it had come: nothing was begun.
    if (!leaving.signal.aborted || !(error instanceof Closed)) throw error
  }
  process.stdin.destroy()
}

async function copy(brokers: string, job: CopyJob, hooks: CopierHooks, signal: AbortSignal): Promise<void> {
  const kafka = await connectKafka({ brokers: brokers.split(','), clientId: job.slot, signal })
  try {
    await new Copier(kafka, job, hooks, signal).run()
  } finally {
    await kafka.close()
  }
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '{}'))
