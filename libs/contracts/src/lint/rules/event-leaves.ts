import type { RawLeaf, Stream } from '../../model.ts'
import { pathText, rawPath } from '../../path.ts'
import { CLEAR_REFUSED_TAGS, STEERING_TAGS } from '../../tags.ts'
import { eventFile, type LintContext, linesOf } from '../lint-context.ts'
import { CODE, DRAFTED, FREE_TEXT, lintSlipOf, QUASI_IDENTIFIER } from '../tags.ts'

/** Rules over leaves of event.avsc: their docs and their tags. */
export function eventLeaves(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    for (const leaf of stream.leaves) {
      ofDoc(context, stream, leaf)
      ofTags(context, stream, leaf)
    }
    unusedTags(context, stream)
  }
}

const PLACEHOLDER = /\b(todo|tbd|fixme|xxx|lorem)\b/i

/** The doc goes on into the consent form, so it has to say something to the person it is about. */
function ofDoc(context: LintContext, stream: Stream, { path, doc }: RawLeaf): void {
  const words = doc.split(/\s+/).filter((word) => /\p{L}/u.test(word))
  const isDraft = /^draft\b/i.test(doc)
  const poor = PLACEHOLDER.test(doc) || words.length < 2
  if (!isDraft && !poor) return
  const spot = context.schemaSpot(stream, path, ['doc'])
  const what = isDraft
    ? `the "doc" of ${pathText(path)} is a draft`
    : `"${doc}" does not say in plain words what ${pathText(path)} holds`
  const mend = 'Write a short sentence that the person it is about understands; the consent form shows it'
  context.report(isDraft ? 'WEIR_LINT_DRAFT' : 'WEIR_LINT_DOC', 'warning', eventFile(stream), spot, what, mend)
}

function ofTags(context: LintContext, stream: Stream, { path, tags }: RawLeaf): void {
  const spot = context.schemaSpot(stream, path, ['confluent:tags'])
  if (tags.includes(DRAFTED)) {
    const what = `the tags of ${pathText(path)} are a draft that nobody has looked at`
    context.report(
      'WEIR_LINT_DRAFT',
      'warning',
      eventFile(stream),
      spot,
      what,
      `Correct them, and take "${DRAFTED}" out`,
    )
  }
  for (const tag of tags) {
    const slip = lintSlipOf(tag)
    if (slip === null) continue
    const what = `the tag "${tag}" looks like "${slip}"`
    context.report('WEIR_LINT_UNKNOWN_TAG', 'warning', eventFile(stream), spot, what, `Write "${slip}"`)
  }
}

/** Tags that rules speak of, whatever a policy names. */
const SPOKEN_OF: readonly string[] = [
  ...STEERING_TAGS,
  ...CLEAR_REFUSED_TAGS,
  QUASI_IDENTIFIER,
  FREE_TEXT,
  CODE,
  DRAFTED,
]

/** A kind of data that is collected and that no purpose sees: a slip of the pen, or collected for nothing. */
function unusedTags(context: LintContext, stream: Stream): void {
  const used = new Set(stream.outputs.flatMap((output) => linesOf(stream, output)).flatMap((line) => line.raw.tags))
  const tags = new Set(stream.leaves.flatMap((leaf) => leaf.tags))
  for (const tag of tags) {
    if (used.has(tag) || SPOKEN_OF.includes(tag)) continue
    const leaves = stream.leaves.filter((leaf) => leaf.tags.includes(tag))
    const [first] = leaves
    if (first === undefined) continue
    const names = leaves.map((leaf) => pathText(rawPath(leaf.path)))
    const spot = context.schemaSpot(stream, first.path, ['confluent:tags'])
    const what = `no policy speaks of what has the tag "${tag}": ${names.join(', ')}`
    const mend = 'Correct the tag, name in a policy what a purpose needs, or stop collecting it'
    context.report('WEIR_LINT_UNUSED_TAG', 'warning', eventFile(stream), spot, what, mend)
  }
}
