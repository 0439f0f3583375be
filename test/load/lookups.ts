import type { Looked, RunningConsentView } from '@weir/consent-view'
import { median } from '../bench/median.ts'
import { bytesInUse } from '../bench/transcode/measure.ts'
import { until } from '../support/until.ts'
import { refOf } from './subjects.ts'

const CHUNK = 1_000
/** For the compiler, and then for the figures. */
const FIRST_CHUNKS = 20
const CHUNKS = 60

/** So many subjects are looked up at least. */
const LEAST_SUBJECTS = (FIRST_CHUNKS + CHUNKS) * CHUNK

interface LookupCosts {
  /** Median wall time a subject that Redis is asked for, in chunks of 1,000 one after the other (µs). */
  readonly missUs: number
  /** CPU of this process for it, garbage collection included (µs). */
  readonly missCpuUs: number
  /** As above, for subjects that are remembered. */
  readonly hitUs: number
  readonly hitCpuUs: number
  /** Heap of one that is remembered (bytes). */
  readonly rememberedBytes: number
  /** Median wall time of a fence over 1,000 subjects of all partitions (ms). */
  readonly fenceMs: number
}

/** What a lookup costs once the cache is warm: subjects that are new to the view, then the same again, then a fence. */
export async function measureLookups(view: RunningConsentView, subjects: number): Promise<LookupCosts> {
  // Spread over all of them, none twice.
  const step = Math.floor(subjects / LEAST_SUBJECTS)
  const chunks = Array.from({ length: FIRST_CHUNKS + CHUNKS }, (_, chunk) =>
    Buffer.concat(Array.from({ length: CHUNK }, (_, i) => refOf((chunk * CHUNK + i) * step))),
  )
  await timed(chunks.splice(0, FIRST_CHUNKS), (refs) => look(view, refs))
  const before = bytesInUse()
  const miss = await timed(chunks, (refs) => look(view, refs))
  const after = bytesInUse()
  const hit = await timed(chunks, (refs) => look(view, refs))
  const fences: number[] = []
  for (const refs of chunks) fences.push(await fenced(view, refs))
  return {
    missUs: miss.us,
    missCpuUs: miss.cpuUs,
    hitUs: hit.us,
    hitCpuUs: hit.cpuUs,
    rememberedBytes: (after - before) / (CHUNKS * CHUNK),
    fenceMs: median(fences),
  }
}

async function timed(chunks: readonly Buffer[], work: (refs: Buffer) => Promise<unknown>) {
  const cpu = process.cpuUsage()
  const times: number[] = []
  for (const refs of chunks) {
    const beganMs = performance.now()
    await work(refs)
    times.push(performance.now() - beganMs)
  }
  const { user, system } = process.cpuUsage(cpu)
  return { us: (median(times) * 1_000) / CHUNK, cpuUs: (user + system) / (chunks.length * CHUNK) }
}

/** @throws Error when one of them is unknown: all have a state */
async function look(view: RunningConsentView, refs: Buffer): Promise<Looked> {
  const looked = await until('a lookup is answered', async () => {
    const answer = await view.lookup(refs, CHUNK)
    return answer.kind === 'looked' ? answer : null
  })
  if (looked.states.includes(null)) throw new Error('a subject that has a state is unknown to the consent view')
  return looked
}

/** As a chunk does it: begun, looked up, fenced. Gives the time of the fence. */
async function fenced(view: RunningConsentView, refs: Buffer): Promise<number> {
  const chunk = view.begin()
  try {
    const looked = await look(view, refs)
    const beganMs = performance.now()
    const fence = await view.fence(looked)
    const tookMs = performance.now() - beganMs
    if (fence.kind !== 'clear') throw new Error(`the fence is not clear, so its time says nothing: ${fence.kind}`)
    return tookMs
  } finally {
    chunk.end()
  }
}
