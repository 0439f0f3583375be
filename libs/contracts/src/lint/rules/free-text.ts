import { pathText } from '../../path.ts'
import { allLines, eventFile, type Line, type LintContext } from '../lint-context.ts'
import { CODE, FREE_TEXT } from '../tags.ts'

/** Names of fields in which people write. */
const WRITTEN_IN =
  /(query|search|keyword|comment|message|note|remark|remittance|description|feedback|answer|text|memo|caption|bio|subject|body|title|address|fullname|firstname|lastname|surname)s?$/i

/** In free text people write names, illnesses and passwords. It passes through a list or patterns, or not at all. */
export function freeText(context: LintContext): void {
  const open = new Map<string, Line[]>()
  for (const line of allLines(context.contracts)) {
    const { raw, leaf, file, section } = line
    if (raw.type !== 'string' || (leaf.verb.kind !== 'keep' && leaf.verb.kind !== 'first')) continue
    if (raw.logicalType !== undefined) continue
    const path = pathText(leaf.path)
    const spot = context.places.ofLeaf(file, section, path)
    if (raw.tags.includes(FREE_TEXT)) {
      const what = `${path} has the tag "${FREE_TEXT}", and "${leaf.verb.kind}" shows what people wrote`
      context.report('WEIR_LINT_FREE_TEXT', 'error', file, spot, what, 'Use in(lists/…) or routes(…), or leave it out')
    } else if (raw.tags.includes(CODE) || leaf.verb.kind === 'first') continue
    else if (WRITTEN_IN.test(lastName(line))) {
      const what = `${path} looks like text that people write, and no list limits it`
      const mend = `Use in(lists/…), or add the tag "${CODE}" to it in ${eventFile(line.stream)} if only your own codes stand there`
      context.report('WEIR_LINT_FREE_TEXT', 'warning', file, spot, what, mend)
    } else open.set(file, [...(open.get(file) ?? []), line])
  }
  for (const [file, lines] of open) {
    const paths = [...new Set(lines.map((line) => pathText(line.leaf.path)))]
    const [first] = lines
    if (first === undefined) continue
    const spot = context.places.ofLeaf(file, first.section, pathText(first.leaf.path))
    const what = `nothing limits what stands in these texts: ${paths.join(', ')}`
    const mend = `See that producers write codes of their own there, and tag such leaves "${CODE}"; else use in(lists/…)`
    context.report('WEIR_LINT_FREE_TEXT', 'note', file, spot, what, mend)
  }
}

function lastName({ raw }: Line): string {
  return raw.path.findLast((step) => /^[A-Za-z_]/.test(step)) ?? ''
}
