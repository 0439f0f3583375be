import type { Looked } from '@weir/consent-view'
import type { Environment } from './environment.ts'
import type { Located } from './locate.ts'
import type { Held } from './outcome.ts'

/** Rows with the consent states of their subjects and devices. */
export interface Joined {
  readonly kind: 'joined'
  readonly located: Located
  readonly looked: Looked
}

const NOTHING_TO_LOOK_UP: Looked = {
  kind: 'looked',
  refs: new Uint8Array(0),
  count: 0,
  states: [],
  positions: new Float64Array(0),
}

/** Looks up all subjects and devices of the chunk at once. A chunk that names nobody needs no consent part at all. */
export async function join(env: Environment, located: Located): Promise<Joined | Held> {
  const { refs, refCount } = located
  if (refCount === 0) return { kind: 'joined', located, looked: NOTHING_TO_LOOK_UP }
  const looked = await env.consent.lookup(refs, refCount)
  if (looked.kind === 'held') return looked
  return { kind: 'joined', located, looked }
}
