import type { Purpose } from '../../model.ts'
import { pathText } from '../../path.ts'
import { compareBranches } from '../compare/compare-branches.ts'
import { compareVerbs, widens } from '../compare/verb-order.ts'
import { verbText } from '../compare/verb-text.ts'
import { type Line, type LintContext, linesOf } from '../lint-context.ts'
import { FREE_TEXT, LEADS_TO_A_PERSON, tagAmong } from '../tags.ts'

/** How finely a time may pass without a grant. */
const FINEST_TIME: Readonly<Record<Purpose['basis'], 'hour' | 'day'>> = {
  consent: 'day',
  'legitimate-interest': 'hour',
}

/**
 * Nobody agreed to `otherwise`, so it may not show
 * 1. anything that the newest `granted` does not, nor finer, nor for more events: who agrees can't see less;
 * 2. a leaf tagged subject, device, PII, identifier, quasi-identifier, free-text or own-signal in any form but `set`;
 * 3. a time finer than a day, or than an hour where the purpose rests on legitimate interest.
 */
export function otherwise(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    for (const output of stream.outputs) {
      const newest = output.policies.at(-1)
      if (newest === undefined || output.otherwise === null) continue
      for (const line of linesOf(stream, output)) if (line.section === 'otherwise') ofLine(context, line)
      for (const change of compareBranches(newest.granted, output.otherwise)) {
        if (!widens(change.order)) continue
        const spot =
          change.path === null
            ? context.places.of(newest.file, [change.about])
            : context.places.ofLeaf(newest.file, 'otherwise', pathText(change.path))
        const what = `"otherwise" shows what "granted" does not: it ${change.text}`
        const mend = 'Take it out of "otherwise", or let "granted" show at least as much'
        context.report('WEIR_LINT_OTHERWISE', 'error', newest.file, spot, what, mend)
      }
    }
  }
}

function ofLine(context: LintContext, { file, section, raw, leaf, output }: Line): void {
  const path = pathText(leaf.path)
  const spot = context.places.ofLeaf(file, section, path)
  const tag = tagAmong(raw.tags, [...LEADS_TO_A_PERSON, FREE_TEXT, 'own-signal'])
  if (tag !== undefined && leaf.verb.kind !== 'set') {
    const what = `${path} has the tag "${tag}", and "otherwise" is for people who agreed to nothing`
    context.report('WEIR_LINT_OTHERWISE', 'error', file, spot, what, 'Leave it out of "otherwise"')
    return
  }
  if (raw.logicalType?.includes('timestamp') !== true) return
  const { basis } = output.purpose
  const finest = FINEST_TIME[basis]
  if (leaf.verb.kind === 'set' || !widens(compareVerbs({ kind: finest }, leaf.verb))) return
  const what = `without a grant ${path} passes as ${verbText(leaf.verb)}, and "${output.purpose.name}" rests on ${basis}`
  context.report('WEIR_LINT_OTHERWISE', 'error', file, spot, what, `Write ${finest} or coarser`)
}
