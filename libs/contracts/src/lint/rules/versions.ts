import type { Output, Stream } from '../../model.ts'
import { pathText } from '../../path.ts'
import type { Change } from '../compare/change.ts'
import { compareContracts, type OutputChanges } from '../compare/compare-contracts.ts'
import { compareViews } from '../compare/compare-views.ts'
import { narrows, widens } from '../compare/verb-order.ts'
import { viewOfPolicy } from '../compare/view.ts'
import type { LintContext } from '../lint-context.ts'

const PURPOSES_FILE = 'purposes.yaml'

/**
 * A narrowing is made in all files in force: whoever agreed earlier must not be seen in what the purpose no longer
 * shows of those who agree now. Needs no earlier version: the files are seen beside each other.
 */
export function narrowingLeftOut(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    for (const output of stream.outputs) {
      for (const [i, older] of output.policies.entries()) {
        for (const newer of output.policies.slice(i + 1)) {
          for (const change of compareViews(viewOfPolicy(older), viewOfPolicy(newer))) {
            if (!narrows(change.order)) continue
            const spot = spotOf(context, change, older.file, 'granted')
            const what = `notice ${newer.notice} ${change.text}; notice ${older.notice}, still in force, does not follow`
            const mend = `Make the same change here, or take the file out if no grant under notice ${older.notice} is left`
            context.report('WEIR_LINT_NARROWING', 'error', older.file, spot, what, mend)
          }
        }
      }
    }
  }
}

/** What shows more than people agreed to needs the next notice. */
export function wideningWithoutNotice(context: LintContext): void {
  const { against, contracts } = context
  if (against === null) return
  for (const changed of compareContracts(against, contracts)) {
    if (changed.widening !== 'missing') continue
    for (const { audience, after, changes } of changed.groups) {
      if (audience.kind === 'new-grants') continue
      const asked = (changed.noticeAfter ?? 0) > (changed.noticeBefore ?? 0)
      if (audience.kind === 'without-grant' && asked) continue
      const file = after.file ?? fileOf(context, changed)
      for (const change of changes.filter((one) => widens(one.order))) {
        if (change.about === 'steering') {
          reportSteering(context, changed, change)
          continue
        }
        const terms = isTerm(change)
        const who =
          audience.kind === 'grants' ? `those who agreed to notice ${audience.notices.join(' and ')}` : 'everyone'
        const what = `for ${audience.kind === 'without-grant' ? 'those without a grant' : who}, ${changed.purpose} ${change.text}`
        const spot = spotOf(context, change, file, after.section, changed.purpose)
        context.report(
          'WEIR_LINT_WIDENING',
          'error',
          file,
          spot,
          what,
          terms ? termsMend(changed) : mendOf(changed, file),
        )
      }
    }
  }
}

/** What steers is the stream's: it is said once, whatever the purposes. */
function reportSteering(context: LintContext, { stream }: OutputChanges, change: Change): void {
  const file = `${stream}/event.avsc`
  const what = `the stream ${stream} ${change.text}, whatever people have answered before`
  const mend = 'Undo it; a refusal that was heard has to be heard on'
  context.report('WEIR_LINT_WIDENING', 'error', file, context.places.of(file, []), what, mend)
}

function isTerm(change: Change): boolean {
  return change.about === 'retention' || change.about === 'recipients'
}

function mendOf({ purpose, noticeBefore, stream }: OutputChanges, file: string): string {
  const next = (noticeBefore ?? 0) + 1
  if (stream === null) return `Undo it, or raise "notice" of ${purpose} to ${next} and add policies for it`
  return `Undo it in ${file}, and write it to ${stream}/${purpose}.${next}.yaml, with "notice: ${next}" in ${PURPOSES_FILE}`
}

function termsMend({ purpose, noticeBefore }: OutputChanges): string {
  const next = (noticeBefore ?? 0) + 1
  return `Undo it, or begin anew: a new "to", notice ${next} for ${purpose}, and no older file left in force`
}

function fileOf(context: LintContext, { stream, purpose }: OutputChanges): string {
  if (stream === null) return PURPOSES_FILE
  return (
    newestFile(
      context.contracts.streams.find((one) => one.name === stream),
      purpose,
    ) ?? PURPOSES_FILE
  )
}

function newestFile(stream: Stream | undefined, purpose: string): string | null {
  const output: Output | undefined = stream?.outputs.find((one) => one.purpose.name === purpose)
  return output?.policies.at(-1)?.file ?? null
}

function spotOf(
  context: LintContext,
  change: Change,
  file: string,
  section: 'granted' | 'otherwise',
  purpose: string | null = null,
) {
  if (change.path !== null) return context.places.ofLeaf(file, section, pathText(change.path))
  const pointer = file === PURPOSES_FILE && purpose !== null ? [purpose, change.about] : [change.about]
  return context.places.has(file, pointer)
    ? context.places.of(file, pointer)
    : context.places.of(file, pointer.slice(0, -1))
}
