import type { Chunk } from './chunk.ts'
import { decide } from './decide.ts'
import type { Environment } from './environment.ts'
import { join } from './join.ts'
import { locate } from './locate.ts'
import type { Outcome } from './outcome.ts'
import { publish } from './publish.ts'
import { rewrite } from './rewrite.ts'

/** One chunk, rows of all assigned partitions, from raw bytes to a committed transaction. Columnar: row i is record i. */
export async function processChunk(env: Environment, chunk: Chunk): Promise<Outcome> {
  const inFlight = env.consent.begin()
  try {
    const located = await locate(env, chunk) // bytes -> subject, event time, own signal, or a fault a row
    if (located.kind === 'held') return located // writer schema unknown here and the registry away

    const joined = await join(env, located) // subjects -> consent states, at known positions
    if (joined.kind === 'held') return joined // cold, stale, away: fail closed

    const decided = decide(env, joined) // pure: a policy version, stripped or withheld, for each row and purpose
    const rewritten = await rewrite(env, decided) // bytes -> finished batches for each output partition
    if (rewritten.kind === 'held') return rewritten // the key of a grant is not here

    return await publish(env, rewritten) // one transaction, with the fence before its commit
  } finally {
    inFlight.end()
  }
}
