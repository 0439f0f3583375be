import { FREE_TEXT, QUASI_IDENTIFIER } from '@weir/contracts'
import type { DraftedField, DraftedSchema } from './draft-schema.ts'

export interface PolicyNames {
  readonly stream: string
  readonly purpose: string
  readonly notice: number
}

/** Whatever has one of these may be personal. */
const PERSONAL = ['PII', 'identifier', QUASI_IDENTIFIER, FREE_TEXT, 'subject', 'device', 'own-signal']

/**
 * A policy that keeps nothing personal: the day, enums and yes-or-no alone, and those only of people who said yes.
 * Everything else stands below as a comment, to be taken in line by line.
 */
export function draftPolicy({ fields, steering }: DraftedSchema, { stream, purpose, notice }: PolicyNames): string {
  const kept = fields.filter(({ field }) => field.path === steering.eventTime || isHarmless(field, fields))
  const rest = fields.filter((one) => !kept.includes(one))
  const lines = kept.map(({ field }) => `  ${field.path}: ${field.path === steering.eventTime ? 'day' : 'keep'}`)
  const left = rest.map(({ field, tags }) => `#   ${field.path}  (${tags.join(', ')})`)
  return `# A draft: it keeps nothing personal. Say here what notice ${notice} tells people that ${purpose} may see.
purpose: ${purpose}
notice: ${notice}
from: ${stream}.raw
to: ${stream}.${purpose}
retention: 30d
recipients: [nobody-yet]

granted:
${lines.join('\n')}

# Left out, with what it was taken for. To let one through, write a line above: its path and a verb.
${left.join('\n')}

# No \`otherwise\`: without a grant nothing is published.
`
}

function isHarmless(field: DraftedField['field'], fields: readonly DraftedField[]): boolean {
  const tags = fields.find((one) => one.field === field)?.tags ?? []
  if (tags.some((tag) => PERSONAL.includes(tag)) || !field.plain) return false
  return field.type === 'boolean' || field.hasDefaultSymbol
}
