import type { KeyWords } from './language-key.ts'
import { casesKeys, policyKeys, purposeKeys, sensitiveKeys } from './language-keys.ts'
import { tagWords } from './language-tags.ts'
import type { VerbWords } from './language-verb.ts'
import { verbs } from './language-verbs.ts'

/** docs/reference/policy-language.md as Markdown. */
export function languagePage(): string {
  return [
    '# The policy language',
    '',
    '<!-- Generated from libs/contracts/src/language.ts by `npm run generate -w @weir/contracts`. Change it there. -->',
    '',
    'A contract says in data, not code, what each purpose may see of each stream. How to read and to write one: [infra/contracts](../../infra/contracts/README.md). Here is everything that can stand in it.',
    '',
    ...files,
    ...paths,
    ...section('## Policies: `<stream>/<purpose>.<notice>.yaml`', keyTable(policyKeys)),
    ...section('### `sensitive`', keyTable(sensitiveKeys)),
    ...conditions,
    ...section('## Verbs', verbTable(), verbRules),
    ...section('### Each verb', verbs.flatMap(verbSection)),
    ...section('## Tags', tagIntro, tagTable()),
    ...section('## Purposes: `purposes.yaml`', purposeIntro, keyTable(purposeKeys)),
    ...section('## Lists: `lists/*.txt`', lists),
    ...section('## Policy tests: `<stream>/cases.yaml`', casesIntro, keyTable(casesKeys)),
    ...cleanTopic,
  ].join('\n')
}

const files = [
  '## Files',
  '',
  '| file | what it is |',
  '|---|---|',
  '| `purposes.yaml` | each purpose in words for the person it is about |',
  '| `<stream>/event.avsc` | the raw Avro schema; each leaf says by tags what it is, and by `doc` what it holds |',
  '| `<stream>/<purpose>.<notice>.yaml` | what one notice says that a purpose may see |',
  '| `<stream>/cases.yaml` | policy tests: an event, what a person answered, what each purpose then sees |',
  '| `lists/*.txt` | values that `in` lets through, or that `sensitive` leaves out |',
  '',
  'Streams and purposes have names of letters and digits, a small letter first, 40 at most; a child purpose is `marketing.email`. A YAML, Avro or JSON file that has no place is refused: nothing that is written there is lost in silence. Anchors, aliases and tags of YAML are refused: a line says all that it says.',
  '',
  'A first line `# yaml-language-server: $schema=…` with the path of a schema in [libs/contracts/schemas](../../libs/contracts/schemas) makes editors complete and check a file.',
  '',
]

const paths = [
  '## Paths',
  '',
  'A path names one leaf of the event: a value that holds no others.',
  '',
  '| path | what it names |',
  '|---|---|',
  '| `page.path` | the field `path` of the record `page` |',
  '| `products[].sku` | the `sku` of each element of an array; `tags[]` each element itself |',
  '| `flags{risk,channel}` | the values of these keys of a map; `scores{fraud}.value` a field of one |',
  '| `action<View>.dwell` | a field of one branch of a union; `id<string>` a branch itself |',
  '',
  'Null is no branch: a union of null and one other type is simply that type. Branches are named without their namespace, where two have one name, with it. Keys are compared letter for letter, and only keys that are named pass. Two lines may go through one map with different keys, never to one leaf twice. A record inside itself has no leaves, since a path through it would have no end.',
  '',
  'Between `{ }` and `[ ]` of YAML, paths with brackets stand in quotes: `{"items[].sku": keep}`.',
  '',
]

const conditions = [
  '### Conditions of `events` and `when`',
  '',
  '`path: constant` or `path: [constant, …]`; of several paths all must hold. The leaf is an enum, string, boolean, int or long (a number without a logicalType) outside arrays and maps, and has no tag that makes it personal: that an event is published at all would tell its value. A leaf that is null has none of the constants. Text and symbols are compared letter for letter.',
  '',
]

const verbRules = [
  'Null stays null with every verb, and a leaf that an older or newer event does not have is null. One leaf has one type in a clean topic: verbs in all branches and files, and for all keys of a map, must give the same.',
]

const tagIntro = [
  '`"confluent:tags"` on a leaf of `event.avsc` say what it is; those of a record, array or map hold for all leaves inside. Each leaf has a tag and a `doc`.',
  '',
]

const purposeIntro = [
  'A purpose has a name and these keys. A child, `marketing.email`, is a purpose of its own, explained and granted by itself; what a policy of `marketing` sends by mail asks for it with `needs`. A purpose without policies is one that others need.',
  '',
]

const lists = [
  'One value a line, compared letter for letter. Empty lines, and lines that begin with `# `, are for people. A value twice, and one that begins or ends with a blank, is refused. Lists are named from the contract folder.',
]

const casesIntro = ['How to write and run them: [services/cli](../../services/cli/README.md).', '']

const cleanTopic = [
  '## The clean topic',
  '',
  "Its schema is derived: the leaves that any file in force names, in the order of `event.avsc`, each with the producer's `doc` and what is left of the value here. Everything is nullable, fields, elements and values alike, so that a leaf more or less is compatible in both directions (FULL_TRANSITIVE).",
  '',
  '| raw | clean |',
  '|---|---|',
  '| record | record, null when the deciding policy names nothing in it |',
  '| array | array of what is named of each element; its length shows |',
  '| map | map of the named keys that are there, in the order of the policy; of a key twice, the last |',
  '| union of several types | record with a field for each named branch, `action<View>.dwell` as `action.View.dwell`; null when the value is of another branch |',
  '',
  'Named types are called `weir.<stream>.<purpose>.<CamelPath>`, one for each path: `page.referrer` gives `PageReferrer`.',
  '',
]

function section(heading: string, ...parts: readonly (readonly string[])[]): string[] {
  const lines = parts.flat()
  return [heading, '', ...lines, ...(lines.at(-1) === '' ? [] : [''])]
}

function keyTable(keys: readonly KeyWords[]): string[] {
  const rows = keys.map(({ key, required, form, words }) =>
    row([`\`${key}\`${required ? '' : ' (optional)'}`, `\`${form}\``, words]),
  )
  return [row(['key', 'such as', 'meaning']), '|---|---|---|', ...rows]
}

function verbTable(): string[] {
  const rows = verbs.map((verb) => row([`\`${verb.form}\``, verb.shows, verb.personal]))
  return [row(['verb', 'what the reader sees', 'on leaves tagged `PII` or `identifier`']), '|---|---|---|', ...rows, '']
}

function verbSection(verb: VerbWords): string[] {
  return [
    `#### \`${verb.form}\``,
    '',
    verb.example === verb.form ? `Shows ${verb.shows}.` : `Shows ${verb.shows}. Written like \`${verb.example}\`.`,
    '',
    ...(verb.arguments === 'none' ? [] : [`- Arguments: ${verb.arguments}.`]),
    `- Takes ${verb.takes.words}.`,
    `- Gives ${verb.gives}.`,
    '',
    row(['value', 'becomes']),
    '|---|---|',
    row(['null', 'null']),
    ...verb.edges.map(([value, gives]) => row([value, gives])),
    '',
  ]
}

function tagTable(): string[] {
  return [
    row(['tag', 'meaning']),
    '|---|---|',
    ...Object.entries(tagWords).map(([tag, words]) => row([`\`${tag}\``, words])),
  ]
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
