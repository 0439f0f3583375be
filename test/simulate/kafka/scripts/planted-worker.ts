/** A thread in which the model has a mistake: posts what one script gives on it, or that it throws. */
import { parentPort, workerData } from 'node:worker_threads'
import { replaceAtLoad } from '../../defences/replaced-source.ts'
import type { Planted } from './planted.ts'

const { shownBy, ...replacement } = workerData as Planted
const checkLoaded = replaceAtLoad([replacement])
const { modelGround } = await import('./grounds.ts')
const { scripts } = await import('./index.ts')
checkLoaded()

const script = scripts.find(({ name }) => name === shownBy)
if (script === undefined) throw new Error(`There is no script "${shownBy}"`)
const { ground, close } = await modelGround('planted.')
const seen = await script.run(ground).catch((error: unknown) => ({ threw: String(error) }))
await close()
parentPort?.postMessage(seen)
