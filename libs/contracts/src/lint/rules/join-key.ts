import { pathText, rawPath } from '../../path.ts'
import { allLines, type Line, type LintContext } from '../lint-context.ts'
import { reveals } from '../reveals.ts'
import { LEADS_TO_A_PERSON, tagAmong } from '../tags.ts'

/**
 * Purposes don't join: a value that is (nearly) one person's or one event's, seen by two purposes, puts together what
 * their pseudonyms keep apart.
 */
export function joinKeys(context: LintContext): void {
  const seen = new Map<string, Line>()
  for (const line of allLines(context.contracts)) {
    const why = joins(line)
    if (why === null) continue
    const key = `${line.stream.name} ${pathText(rawPath(line.leaf.path))}`
    const first = seen.get(key)
    if (first === undefined) seen.set(key, line)
    else if (first.output.purpose.name !== line.output.purpose.name) reportJoin(context, line, first, why)
  }
}

/** Why a line could join; null when it can't. */
function joins({ raw, leaf }: Line): string | null {
  const tag = tagAmong(raw.tags, LEADS_TO_A_PERSON)
  if (tag !== undefined && reveals(leaf.verb)) return `it has the tag "${tag}"`
  if (leaf.verb.kind !== 'keep') return null
  if (raw.logicalType === 'uuid') return 'it is a UUID, which no two events share'
  if (raw.tags.includes('event-time')) return 'hardly two events happen in one millisecond'
  return null
}

function reportJoin(context: LintContext, line: Line, first: Line, why: string): void {
  const path = pathText(line.leaf.path)
  const spot = context.places.ofLeaf(line.file, line.section, path)
  const other = context.places.ofLeaf(first.file, first.section, pathText(first.leaf.path))
  const names = `${first.output.purpose.name} (${first.file}:${other.line}) and ${line.output.purpose.name}`
  const what = `${path} passes as it is for ${names}, so the two can be joined by it: ${why}`
  context.report('WEIR_LINT_JOIN_KEY', 'error', line.file, spot, what, mendOf(line))
}

function mendOf({ raw }: Line): string {
  if (raw.tags.includes('event-time')) return 'Give it to one of the two by the hour'
  return raw.type === 'string' ? 'Pseudonymize it, or leave it out of one of the two' : 'Leave it out of one of the two'
}
