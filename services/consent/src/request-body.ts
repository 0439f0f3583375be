import { z } from 'zod'
import { type ConsentError, invalid } from './errors.ts'

/** Longer ids are nobody's; the bound keeps bodies, links and pages small. In UTF-16 units. */
const MAX_ID_LENGTH = 512

const SUBJECT_RULE = "It must be {kind: 'user' or 'device', id: a text of 1 to 512 characters}."

/**
 * Who it is about. The id is taken byte for byte, so a text that is not well-formed Unicode is refused: several such
 * texts would become the same UTF-8, and so the same person.
 */
export const subjectField = z.strictObject(
  {
    kind: z.enum(['user', 'device'], { error: SUBJECT_RULE }),
    id: z
      .string({ error: SUBJECT_RULE })
      .min(1, { error: SUBJECT_RULE })
      .max(MAX_ID_LENGTH, { error: SUBJECT_RULE })
      .refine((id) => id.isWellFormed(), { error: 'The id must be well-formed Unicode.' }),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : SUBJECT_RULE) },
)

export type Subject = z.output<typeof subjectField>

/**
 * Checks a body. The error names the first wrong field and the rule it breaks; it never quotes what was sent, keys
 * included, since a subject id may stand anywhere in a body that is wrong.
 */
export function parseBody<Shape extends z.ZodObject>(schema: Shape, body: unknown): z.output<Shape> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw explain(parsed.error.issues[0], Object.keys(schema.shape))
}

function explain(issue: z.core.$ZodIssue | undefined, fields: readonly string[]): ConsentError {
  if (issue === undefined || (issue.path.length === 0 && issue.code !== 'unrecognized_keys')) {
    return invalid('body', 'The body is not a JSON object.', `Send an object with these fields: ${fields.join(', ')}.`)
  }
  const where = fieldPath(issue.path, fields)
  if (issue.code === 'unrecognized_keys') {
    const mend = where === 'body' ? `Known fields: ${fields.join(', ')}.` : SUBJECT_RULE
    return invalid(where, 'There is a field that this API does not know.', mend)
  }
  return invalid(where, 'The field is missing or wrong.', issue.message)
}

/** `purposes[1]`, `subject.id`. Names that the caller made up (keys of a map) are cut off. */
function fieldPath(path: readonly PropertyKey[], fields: readonly string[]): string {
  const [first, second] = path
  if (typeof first !== 'string' || !fields.includes(first)) return 'body'
  if (typeof second === 'number') return `${first}[${second}]`
  const isOfSubject = (first === 'subject' || first === 'linkedTo') && (second === 'kind' || second === 'id')
  return isOfSubject ? `${first}.${second}` : first
}
