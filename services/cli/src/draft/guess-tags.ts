import { FREE_TEXT, QUASI_IDENTIFIER } from '@weir/contracts'
import type { SchemaField } from './schema-fields.ts'

/** Fields that steer: who, when, on what. Paths as policies write them; null: none. */
export interface Steering {
  readonly subject: string | null
  readonly eventTime: string | null
  readonly device: string | null
}

/** Likeliest names first; compared without case, `_` and `-`. */
const SUBJECTS = [
  ...['subjectid', 'userid', 'customerid', 'accountid', 'memberid', 'profileid', 'personid', 'visitorid', 'playerid'],
  ...['patientid', 'clientid', 'actorid', 'uid', 'subject', 'user', 'customer'],
]
const TIMES = ['occurredat', 'happenedat', 'eventtime', 'timestamp', 'eventtimestamp', 'time', 'ts', 'createdat']
const DEVICES = ['deviceid', 'installationid', 'advertisingid', 'idfa', 'gaid', 'cookieid', 'browserid', 'device']

/** Finds by name and type what a producer did not tag. What `given` names is taken as it is. */
export function guessSteering(fields: readonly SchemaField[], given: Steering): Steering {
  const plain = fields.filter((field) => field.plain)
  const texts = plain.filter((field) => field.type === 'string')
  const times = plain.filter((field) => field.logicalType === 'timestamp-millis' && !field.nullable)
  const tagged = (tag: string) => fields.find((field) => tagsOf(field).includes(tag))?.path
  const subjects = texts.filter((field) => !field.nullable)
  return {
    subject: given.subject ?? tagged('subject') ?? byName(subjects, SUBJECTS) ?? null,
    eventTime: given.eventTime ?? tagged('event-time') ?? byName(times, TIMES) ?? times[0]?.path ?? null,
    device: given.device ?? tagged('device') ?? byName(texts, DEVICES) ?? null,
  }
}

function byName(fields: readonly SchemaField[], names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = fields.find((field) => plainName(field) === name)
    if (found !== undefined) return found.path
  }
  return undefined
}

/** What a field is by its name, first that fits. On any doubt the tag that keeps more back. */
const BY_NAME: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(gpc|globalprivacycontrol|dnt|donottrack|limitadtracking|optout|optedout)$/, ['own-signal']],
  [
    /(email|phone|mobile|msisdn|iban|ssn|taxid|passport|licen[cs]eplate|cardnumber|accountnumber)/,
    ['PII', 'identifier'],
  ],
  [/(^|client|remote|source)ip(v[46])?(address)?$/, ['PII', 'identifier']],
  [
    /(firstname|lastname|surname|fullname|username|nickname|birth|dob$|gender|salary|income)/,
    ['PII', QUASI_IDENTIFIER],
  ],
  [/(street|address|postcode|postalcode|zip|zipcode)$/, ['PII', QUASI_IDENTIFIER, 'location']],
  [/^(lat|lon|lng|latitude|longitude|altitude|coordinates?|geohash)$/, ['PII', 'location']],
  [/(city|town|region|county|country|location)(code|name)?$/, ['location', QUASI_IDENTIFIER]],
  [/useragent$|fingerprint/, ['identifier', 'technical']],
  [/(id|ids|uuid|guid|token|cookie|hash|key|reference|session|clickid|number)$/, ['identifier']],
  [
    /(url|uri|referr?er|query|search|comment|message|note|remark|text|title|description|name|body|subject)s?$/,
    ['PII', FREE_TEXT],
  ],
]

const TEXT_TYPES = ['string', 'bytes', 'fixed']

/** Tags for a field that has none. */
export function guessTags(field: SchemaField, steering: Steering): readonly string[] {
  if (field.path === steering.subject) return ['subject', 'identifier', 'PII']
  if (field.path === steering.device) return ['device', 'identifier', 'PII']
  if (field.path === steering.eventTime) return ['event-time', 'behaviour']
  if (field.logicalType === 'uuid') return ['identifier']
  const name = plainName(field)
  for (const [pattern, tags] of BY_NAME) {
    if (!pattern.test(name)) continue
    const signal = tags.includes('own-signal')
    if (!signal || field.type === 'boolean') return tags
  }
  // A text of which nothing is known could hold anything.
  return TEXT_TYPES.includes(field.type) ? [FREE_TEXT] : ['behaviour']
}

/** Tags that stand in the schema already. */
export function tagsOf({ json }: SchemaField): readonly string[] {
  const tags = json['confluent:tags']
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : []
}

function plainName({ name }: SchemaField): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '')
}
