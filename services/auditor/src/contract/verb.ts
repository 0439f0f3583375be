import { EvidenceError } from '../evidence.ts'

export type Verb =
  | { readonly kind: 'pseudonymize' }
  | { readonly kind: 'keep' | 'hour' | 'day' | 'month' | 'family' | 'host' }
  | { readonly kind: 'prefix'; readonly v4: number; readonly v6: number }
  | { readonly kind: 'decimals' | 'first'; readonly count: number }
  | { readonly kind: 'bucket'; readonly bounds: readonly number[] }
  | { readonly kind: 'routes'; readonly patterns: readonly string[] }
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'set'; readonly constant: string }

/** @param readList values of a list file @throws EvidenceError for a verb that this auditor does not know */
export function readVerb(text: string, readList: (file: string) => ReadonlySet<string>): Verb {
  const [, kind = '', inside = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(text.trim()) ?? []
  const args = inside.split(',').map((arg) => arg.trim())
  const numbers = args.map(Number)
  switch (kind) {
    case 'keep':
    case 'pseudonymize':
    case 'hour':
    case 'day':
    case 'month':
    case 'family':
    case 'host':
      return { kind }
    case 'prefix':
      return { kind, v4: numbers[0] ?? 0, v6: numbers[1] ?? 0 }
    case 'decimals':
    case 'first':
      return { kind, count: numbers[0] ?? 0 }
    case 'bucket':
      return { kind, bounds: numbers.map((bound) => bound + 0) }
    case 'routes':
      return { kind, patterns: args }
    case 'in':
      return { kind, values: readList(args[0] ?? '') }
    case 'set':
      return { kind, constant: inside.trim() }
    default:
      throw new EvidenceError(`a policy has a verb that the auditor does not know: ${text}`)
  }
}
