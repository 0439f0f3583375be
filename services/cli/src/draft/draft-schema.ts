import { DRAFTED } from '@weir/contracts'
import { guessSteering, guessTags, type Steering, tagsOf } from './guess-tags.ts'
import { isJsonObject, type SchemaField, schemaFields } from './schema-fields.ts'

export interface DraftedField {
  readonly field: SchemaField
  readonly tags: readonly string[]
  /** Whether the tags, or the doc, were made up here. */
  readonly isDraft: boolean
}

export interface DraftedSchema {
  readonly json: unknown
  readonly fields: readonly DraftedField[]
  readonly steering: Steering
}

/** A raw schema in which every leaf has tags and a doc; those that were made up say so. */
export function draftSchema(schema: unknown, given: Steering): DraftedSchema {
  const json: unknown = structuredClone(schema)
  const fields = schemaFields(json)
  const steering = guessSteering(fields, given)
  const drafted = fields.map((field) => {
    const has = tagsOf(field)
    const hasDoc = typeof field.json['doc'] === 'string' && field.json['doc'].trim() !== ''
    const tags = withSteering(has.length > 0 ? has : guessTags(field, steering), field, steering)
    const isDraft = has.length === 0 || tags.length > has.length
    field.json['confluent:tags'] = isDraft ? [...tags, DRAFTED] : tags
    if (!hasDoc) field.json['doc'] = `DRAFT: say in plain words what ${field.name} holds.`
    return { field, tags, isDraft: isDraft || !hasDoc }
  })
  return { json, fields: drafted, steering }
}

/** What was named on the command line steers, also where the producer's tags did not say so. */
function withSteering(tags: readonly string[], { path }: SchemaField, steering: Steering): readonly string[] {
  const own = { subject: steering.subject, 'event-time': steering.eventTime, device: steering.device }
  const missing = Object.entries(own).flatMap(([tag, at]) => (at === path && !tags.includes(tag) ? [tag] : []))
  return [...missing, ...tags]
}

const LONGEST_LINE = 110

/** JSON with what is short on one line, so that a field is one line where it can be. */
export function schemaText(json: unknown, indent = ''): string {
  const flat = flatText(json)
  if (indent.length + flat.length <= LONGEST_LINE) return flat
  const deeper = `${indent}  `
  if (Array.isArray(json)) {
    return `[\n${json.map((item) => deeper + schemaText(item, deeper)).join(',\n')}\n${indent}]`
  }
  if (!isJsonObject(json)) return flat
  const lines = Object.entries(json).map(
    ([key, value]) => `${deeper}${JSON.stringify(key)}: ${schemaText(value, deeper)}`,
  )
  return `{\n${lines.join(',\n')}\n${indent}}`
}

function flatText(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(flatText).join(', ')}]`
  if (!isJsonObject(json)) return JSON.stringify(json)
  return `{${Object.entries(json)
    .map(([key, value]) => `${JSON.stringify(key)}: ${flatText(value)}`)
    .join(', ')}}`
}
