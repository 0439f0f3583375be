import type { Path } from '../../model.ts'
import { pathText } from '../../path.ts'
import { type LintContext, linesOf } from '../lint-context.ts'

/** One output for one input: of what a branch names, it also shows that it is there, and how many there are. */
export function presence(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    for (const output of stream.outputs) {
      const told = new Set<string>()
      for (const { file, section, leaf } of linesOf(stream, output)) {
        for (const [i] of leaf.path.entries()) {
          const container = leaf.path.slice(0, i + 1)
          const name = `${file} ${section} ${pathText(container)}`
          const what = told.has(name) ? null : shownOf(context, stream, container)
          told.add(name)
          if (what === null) continue
          const spot = context.places.ofLeaf(file, section, pathText(leaf.path))
          const mend = 'Nothing to mend if that may be known; else leave out all of its leaves'
          context.report('WEIR_LINT_PRESENCE', 'note', file, spot, `"${section}" also shows ${what}`, mend)
        }
      }
    }
  }
}

function shownOf(context: LintContext, stream: Parameters<LintContext['part']>[0], container: Path): string | null {
  const part = context.part(stream, container)
  const name = pathText(container)
  switch (part?.kind) {
    case 'array':
      return `how many ${name} there are`
    case 'map':
      return `which of its named keys ${name} has`
    case 'union':
      return `whether ${name} is of a kind that is named here`
    case 'record':
      return part.nullable ? `whether there is a ${name}` : null
    default:
      return null
  }
}
