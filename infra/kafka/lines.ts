/** Before: what would be done to a topic or subject. A new version is of a subject that has others already. */
export type Plan = 'create' | 'new-version' | 'change' | 'same' | 'refuse'
/** After: what was done. */
export type Did = 'created' | 'new-version' | 'changed' | 'same'

/** One line of output, of the plan and of the deed alike. */
export interface Line<Does extends Plan | Did = Plan | Did> {
  readonly kind: 'topic' | 'subject'
  /** With the namespace. */
  readonly name: string
  readonly does: Does
  /** Number of partitions, settings that change, compatibility, why it is refused. */
  readonly detail: string
}

/** The last line of output. Counts are of topics and subjects together. */
export interface Summary {
  readonly kind: 'summary'
  /** False: this was the plan, or it was refused, and nothing was written. */
  readonly executed: boolean
  readonly create: number
  readonly newVersion: number
  readonly change: number
  readonly same: number
  readonly refuse: number
}

export function summaryOf(lines: readonly Line[], executed: boolean): Summary {
  const count = (...words: Line['does'][]) => lines.filter((line) => words.includes(line.does)).length
  return {
    kind: 'summary',
    executed,
    create: count('create', 'created'),
    newVersion: count('new-version'),
    change: count('change', 'changed'),
    same: count('same'),
    refuse: count('refuse'),
  }
}

export function lineText({ kind, name, does, detail }: Line): string {
  return `${kind} ${name}: ${does.replace('-', ' ')}${detail === '' ? '' : ` (${detail})`}`
}

/** What people are told at the end: what happened, and what to do next. */
export function endText({ executed, create, newVersion, change, refuse }: Summary): string {
  if (refuse > 0) return 'Refused; nothing was written.'
  if (create + newVersion + change === 0) return 'Nothing to do.'
  return executed ? 'Done.' : 'This was the plan; nothing was written. Add --execute to do it.'
}
