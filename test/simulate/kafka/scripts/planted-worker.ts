/** A thread with a model of its own, with a mistake or without: posts what scripts give on it, by name, or that they throw. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Replacement, replaceAtLoad } from '../../defences/replaced-source.ts'

const { names, mistakes } = workerData as { names: readonly string[]; mistakes: readonly Replacement[] }
const checkLoaded = replaceAtLoad(mistakes)
const { modelGround } = await import('./grounds.ts')
const { scripts } = await import('./index.ts')
checkLoaded()

const seen = await Promise.all(
  names.map(async (name) => {
    const script = scripts.find((one) => one.name === name)
    if (script === undefined) throw new Error(`There is no script "${name}"`)
    const { ground, close } = await modelGround('planted.')
    const given = await script.run(ground).catch((error: unknown) => ({ threw: String(error) }))
    await close()
    return [name, given] as const
  }),
)
parentPort?.postMessage(Object.fromEntries(seen))
