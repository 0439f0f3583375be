import { Random } from '../../workload/random.ts'
import { replaceAtLoad } from '../defences/replaced-source.ts'
import { takeOverGlobals } from '../time/take-over-globals.ts'
import type { WorkerSetup } from './outcome.ts'

/** Few, so that each is used much and the runs are short; the number is a constant of the code that no check knows. */
const FEWER_CONSENT_PARTITIONS = {
  file: 'libs/consent/src/model.ts',
  find: 'CONSENT_PARTITIONS = 16',
  replace: 'CONSENT_PARTITIONS = 3',
}

/**
 * Makes this thread a simulator, for good: what the code under test would take from outside (time, randomness) is
 * replaced, then the code is loaded, with one defence switched off if asked for. To be called once, before anything of
 * services/ or libs/ has been imported.
 */
export async function becomeSimulator({ without, keepsLog }: WorkerSetup) {
  const isReplaced = [replaceAtLoad([FEWER_CONSENT_PARTITIONS])]
  if (without !== undefined) {
    const { switchOff } = await import('../defences/index.ts')
    isReplaced.push(switchOff(without))
  }
  let random: Pick<Random, 'below'> = new Random('while the code loads')
  takeOverGlobals({ below: (below) => random.below(below) })
  if (keepsLog) Error.stackTraceLimit = 20
  const { runSchedule, randomOfWorld } = await import('../world/index.ts')
  for (const check of isReplaced) check()
  random = { below: (below) => randomOfWorld().below(below) }
  return runSchedule
}
