import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A piece of source text that stands exactly once in its file, and what is to stand there. Lines stay where they are. */
export interface Replacement {
  /** From the root of the repository. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

const ROOT = new URL('../../../', import.meta.url)

/**
 * From now on these files load with their text replaced, in this thread. To be called before anything has imported
 * them. Answers a check to be made once all is loaded, which throws if one of them was never loaded anew.
 */
export function replaceAtLoad(replacements: readonly Replacement[]): () => void {
  const byUrl = Map.groupBy(replacements, ({ file }) => new URL(file, ROOT).href)
  const loaded = new Set<string>()
  registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context)
      const wanted = byUrl.get(url)
      if (wanted === undefined) return result
      loaded.add(url)
      const text = wanted.reduce(replaced, sourceText(result.source))
      return { ...result, source: text }
    },
  })
  return () => {
    for (const url of byUrl.keys()) {
      if (!loaded.has(url)) throw new Error(`${fileURLToPath(url)} was loaded before it was to be replaced, or never`)
    }
  }
}

/** The text with one replacement made. */
export function replaced(text: string, { file, find, replace }: Replacement): string {
  const at = text.indexOf(find)
  if (at < 0) throw new Error(`${file} does not hold what is to be replaced: ${find}`)
  if (text.indexOf(find, at + 1) >= 0) throw new Error(`${file} holds more than once what is to be replaced: ${find}`)
  return text.slice(0, at) + replace + text.slice(at + find.length)
}

function sourceText(source: unknown): string {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString()
  throw new TypeError('a module without source text')
}
