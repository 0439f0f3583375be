import type { Json, JsonObject } from './json.ts'
import type { KeyWords } from './language-key.ts'
import { casesKeys, policyKeys, purposeKeys, sensitiveKeys } from './language-keys.ts'
import { verbs } from './language-verbs.ts'

/** JSON Schemas of a contract's YAML files by the names of their own files, for editors. The loader says more. */
export function languageSchemas(): Map<string, JsonObject> {
  return new Map([
    ['purposes.schema.json', purposesSchema()],
    ['policy.schema.json', policySchema()],
    ['cases.schema.json', casesSchema()],
  ])
}

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'
const NAME = '[a-z][a-zA-Z0-9]{0,39}'

/** A field, an element, keys of a map or a branch of a union: see path.ts. */
const STEP = '(\\.[A-Za-z_][A-Za-z0-9_]*|\\[\\]|\\{[^{}]+\\}|<[^<>]+>)'
const PATH = `^[A-Za-z_][A-Za-z0-9_]*${STEP}*$`

const shared = {
  purpose: { type: 'string', pattern: `^${NAME}(\\.${NAME})?$` },
  duration: { type: 'string', pattern: '^[1-9][0-9]{0,6}[hd]$' },
  path: { type: 'string', pattern: PATH },
} satisfies JsonObject

function purposesSchema(): JsonObject {
  return {
    $schema: DRAFT,
    title: 'Purposes of a Weir contract',
    description: 'What personal data is used for, in words for the person it is about.',
    type: 'object',
    minProperties: 1,
    propertyNames: { $ref: '#/$defs/purpose' },
    additionalProperties: objectOf(purposeKeys),
    $defs: { purpose: shared.purpose, duration: shared.duration },
  }
}

function policySchema(): JsonObject {
  return {
    $schema: DRAFT,
    title: 'Policy of a Weir contract',
    description: 'What one notice says that a purpose may see of a stream. What no line names is left out.',
    ...objectOf(policyKeys),
    $defs: {
      ...shared,
      verb: { anyOf: verbs.map(verbSchema) },
      leaves: {
        type: 'object',
        minProperties: 1,
        propertyNames: { $ref: '#/$defs/path' },
        additionalProperties: { $ref: '#/$defs/verb' },
      },
      constant: { type: ['string', 'number', 'boolean'] },
      conditions: {
        description:
          'path: constant, or path: [constant, …]. All must hold. Not for arrays, maps, ids and personal leaves.',
        type: 'object',
        minProperties: 1,
        propertyNames: { $ref: '#/$defs/path' },
        additionalProperties: {
          anyOf: [
            { $ref: '#/$defs/constant' },
            { type: 'array', minItems: 1, uniqueItems: true, items: { $ref: '#/$defs/constant' } },
          ],
        },
      },
      sensitive: objectOf(sensitiveKeys),
    },
  }
}

/** Verbs without arguments are constants, which editors complete; the others have an example to begin from. */
function verbSchema(verb: (typeof verbs)[number]): Json {
  const description = `${verb.form}: ${verb.shows}. Takes ${verb.takes.words}.`
  if (verb.arguments === 'none') return { const: verb.kind, description }
  return {
    type: 'string',
    pattern: `^${verb.pattern}$`,
    description: `${description} ${verb.arguments}.`,
    examples: [verb.example],
    defaultSnippets: [{ label: verb.form, body: verb.example }],
  }
}

const STATUSES = ['none', 'granted', 'withdrawn', 'objected', 'notified', 'expired', 'erased'] as const

function casesSchema(): JsonObject {
  return {
    $schema: DRAFT,
    title: 'Policy tests of a Weir contract',
    description: "What an event and a person's answers give.",
    type: 'array',
    minItems: 1,
    items: objectOf(casesKeys),
    $defs: {
      purpose: shared.purpose,
      answers: {
        anyOf: [
          { const: 'none' },
          {
            type: 'object',
            propertyNames: { $ref: '#/$defs/purpose' },
            additionalProperties: { $ref: '#/$defs/answer' },
          },
        ],
      },
      answer: {
        anyOf: [
          { enum: STATUSES },
          {
            type: 'object',
            description: 'A grant.',
            properties: {
              notice: {
                type: 'integer',
                minimum: 1,
                description: 'The notice shown with it; left out: the current one.',
              },
              since: { enum: ['before-event', 'after-event'], description: 'Left out: before-event.' },
              until: { enum: ['ahead', 'passed'], description: 'Left out: ahead.' },
            },
            additionalProperties: false,
          },
        ],
      },
    },
  }
}

function objectOf(keys: readonly KeyWords[]): JsonObject {
  return {
    type: 'object',
    required: keys.filter((key) => key.required).map((key) => key.key),
    properties: Object.fromEntries(keys.map((key) => [key.key, described(key)])),
    additionalProperties: false,
  }
}

/** Beside a `$ref` too: since draft 2019-09 what stands there holds as well. */
function described({ schema, words, form }: KeyWords): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema
  return { ...schema, description: `${words} Such as: ${form}` }
}
