import { type EnumNode, isNamed, type RecordNode, type SchemaNode, shortName } from '../schema/node.ts'

export type Declared = EnumNode | RecordNode

/** Names that a declaration would hide, or that TypeScript does not take for a type. */
const TAKEN = new Set(
  `any bigint boolean break case catch class const continue debugger default delete do else enum export extends false
  finally for function if implements import in infer instanceof interface is keyof let never new null number object
  package private protected public readonly return static string super switch symbol this throw true try type typeof
  undefined unique unknown var void while with yield Date Uint8Array`.split(/\s+/),
)

/**
 * Names of a schema's records and enums in TypeScript, in the order in which they are first met: without namespace; with
 * it where two share a name (`shop.View` becomes `ShopView`).
 */
export function typeNames(root: RecordNode): Map<Declared, string> {
  const found = declared(root)
  const names = new Map<Declared, string>()
  const used = new Set(TAKEN)
  for (const node of found) {
    const short = shortName(node.fullName)
    const isShared = found.some((other) => other !== node && shortName(other.fullName) === short)
    const wanted = isShared ? withNamespace(node.fullName) : short
    let name = TAKEN.has(wanted) ? `${wanted}Type` : wanted
    for (let n = 2; used.has(name); n++) name = `${wanted}${n}`
    used.add(name)
    names.set(node, name)
  }
  return names
}

function withNamespace(fullName: string): string {
  return fullName
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
}

function declared(root: RecordNode): Declared[] {
  const found = new Set<Declared>()
  const walk = (node: SchemaNode): void => {
    if (node.kind === 'record') {
      if (found.has(node)) return
      found.add(node)
      for (const field of node.fields) walk(field.node)
    } else if (node.kind === 'enum') found.add(node)
    else if (node.kind === 'array') walk(node.items)
    else if (node.kind === 'map') walk(node.values)
    else if (node.kind === 'optional') walk(node.node)
    else if (node.kind === 'union') for (const branch of node.branches) walk(branch.node)
    else if (isNamed(node)) return
  }
  walk(root)
  return [...found]
}
