import type { Defence } from './defence.ts'
import { ofFreshness } from './of-freshness.ts'
import { ofTheCache } from './of-the-cache.ts'
import { ofTheProjector } from './of-the-projector.ts'
import { ofTheSanitizer } from './of-the-sanitizer.ts'
import { replaceAtLoad } from './replaced-source.ts'

export type { Defence } from './defence.ts'

/** What can be switched off, one at a time, by `npm run simulate -- --without NAME`. */
export const defences: readonly Defence[] = [...ofTheSanitizer, ...ofFreshness, ...ofTheCache, ...ofTheProjector]

/**
 * Switches a defence off in this thread: what it does is replaced in the source text as the code loads. To be called
 * before anything of it has been imported; answers a check, for when all is loaded, that it really is off.
 */
export function switchOff(name: string): () => void {
  const defence = defences.find((one) => one.name === name)
  if (defence === undefined) {
    throw new Error(`There is no defence "${name}"; there are: ${defences.map((one) => one.name).join(', ')}`)
  }
  return replaceAtLoad(defence.edits)
}
