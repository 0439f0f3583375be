import type { Chunk } from './chunk.ts'
import { decide } from './decide.ts'
import type { Environment } from './environment.ts'
import { join } from './join.ts'
import { locate } from './locate.ts'
import type { Outcome } from './outcome.ts'
import { publish } from './publish.ts'
import { rewrite } from './rewrite.ts'

/**
 * A chunk on its way. `next()` brings it to where it waits for its turn, or to an outcome already; a second one to its
 * outcome. `return(null)` drops it.
 */
export type ChunkWay = AsyncGenerator<void, Outcome | null, void>

/**
 * One chunk, rows of all assigned partitions, from raw bytes to a committed transaction. Columnar: row i is record i.
 * Pauses once, rewritten and with nothing sent, until the chunk before it is committed.
 */
export async function* processChunk(env: Environment, chunk: Chunk): ChunkWay {
  // To the very end, the pause included: what changes since the join has to be found by the fence.
  const inFlight = env.consent.begin()
  try {
    const located = await locate(env, chunk) // bytes -> subject, event time, own signal, or a fault a row
    if (located.kind === 'held') return located // writer schema unknown here and the registry away

    const joined = await join(env, located) // subjects -> consent states, at known positions
    if (joined.kind === 'held') return joined // cold, stale, away: fail closed

    const decided = decide(env, joined) // pure: a policy version, stripped or withheld, for each row and purpose
    const rewritten = await rewrite(env, decided) // bytes -> finished batches for each output partition
    if (rewritten.kind === 'held') return rewritten // the key of a grant is not here

    yield // until its turn has come
    return await publish(env, rewritten) // one transaction, with the fence before its commit
  } finally {
    inFlight.end()
  }
}
