import { describe, expect, test } from 'vitest'
import { contractsOf } from '../contracts-of.ts'
import type { Finding } from './finding.ts'
import { type Edit, lineOf, travel, travelWith } from './fixtures/travel.ts'
import { type LintOptions, lintContracts } from './lint-contracts.ts'

function lint(files: ReadonlyMap<string, string>, options: LintOptions = {}): readonly Finding[] {
  return lintContracts(files, options).findings
}

/** `rule file:line`, without notes unless asked for. */
function places(findings: readonly Finding[], notes = false): string[] {
  return findings
    .filter((one) => notes || one.severity !== 'note')
    .map(({ rule, file, line }) => `${rule} ${file}:${line}`)
}

interface Planted {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly rule: string
  /** File and a text of the line on which it must be found. */
  readonly at: readonly [file: string, text: string]
}

const TIPS_1 = 'travel/tips.1.yaml'
const TIPS_2 = 'travel/tips.2.yaml'
const COUNTS = 'travel/counts.1.yaml'
const EVENT = 'travel/event.avsc'

const PLANTED: readonly Planted[] = [
  {
    name: 'a quasi-identifier that two purposes keep',
    edits: [
      [TIPS_2, '  place.region: keep', '  place.region: keep\n  place.postcode: keep'],
      [COUNTS, 'granted:\n', 'granted:\n  place.postcode: keep\n'],
    ],
    rule: 'WEIR_LINT_JOIN_KEY',
    at: [COUNTS, 'place.postcode'],
  },
  {
    name: 'a UUID that two purposes keep, whatever its tags',
    edits: [
      [TIPS_2, 'granted:\n', 'granted:\n  id: keep\n'],
      [COUNTS, 'granted:\n', 'granted:\n  id: keep\n'],
    ],
    rule: 'WEIR_LINT_JOIN_KEY',
    at: [COUNTS, 'id: keep'],
  },
  {
    name: 'the exact time for two purposes',
    edits: [[COUNTS, 'granted:\n  kind: keep\n  at: day', 'granted:\n  kind: keep\n  at: keep']],
    rule: 'WEIR_LINT_JOIN_KEY',
    at: [COUNTS, 'at: keep'],
  },
  {
    name: 'free text that is kept',
    edits: [
      [EVENT, '["PII", "free-text"]', '["free-text"]'],
      [TIPS_2, 'query: in(lists/words.txt)', 'query: keep'],
    ],
    rule: 'WEIR_LINT_FREE_TEXT',
    at: [TIPS_2, 'query: keep'],
  },
  {
    name: 'text that looks free by its name',
    edits: [[TIPS_2, '  place.region: keep', '  comment: keep\n  place.region: keep']],
    rule: 'WEIR_LINT_FREE_TEXT',
    at: [TIPS_2, 'comment: keep'],
  },
  {
    name: 'a time too fine without a grant, on consent',
    edits: [[TIPS_2, 'at: day', 'at: hour']],
    rule: 'WEIR_LINT_OTHERWISE',
    at: [TIPS_2, 'at: hour'],
  },
  {
    name: 'a time too fine without a grant, on legitimate interest',
    edits: [
      [COUNTS, 'granted:\n  kind: keep\n  at: day', 'granted:\n  kind: keep\n  at: hour'],
      [COUNTS, 'otherwise:\n  kind: keep\n  at: day', 'otherwise:\n  kind: keep\n  at: keep'],
    ],
    rule: 'WEIR_LINT_OTHERWISE',
    at: [COUNTS, 'at: keep'],
  },
  {
    name: 'a leaf that only those without a grant show',
    edits: [[COUNTS, 'otherwise:\n', 'otherwise:\n  nights: keep\n']],
    rule: 'WEIR_LINT_OTHERWISE',
    at: [COUNTS, 'nights: keep'],
  },
  {
    name: 'a quasi-identifier without a grant',
    edits: [
      [COUNTS, 'granted:\n', 'granted:\n  place.postcode: keep\n'],
      [COUNTS, 'otherwise:\n', 'otherwise:\n  place.postcode: first(2)\n'],
    ],
    rule: 'WEIR_LINT_OTHERWISE',
    at: [COUNTS, 'place.postcode: first(2)'],
  },
  {
    name: 'the own signal without a grant',
    edits: [
      [COUNTS, 'granted:\n', 'granted:\n  gpc: keep\n'],
      [COUNTS, 'otherwise:\n', 'otherwise:\n  kind: keep\n  gpc: keep # nobody asked\n'],
      [COUNTS, 'asked\n  kind: keep\n', 'asked\n'],
    ],
    rule: 'WEIR_LINT_OTHERWISE',
    at: [COUNTS, '# nobody asked'],
  },
  {
    name: 'a tag no policy speaks of',
    edits: [
      [EVENT, '["behaviour"], "doc": "What it costs."', '["money"], "doc": "What it costs."'],
      [TIPS_2, '  price: decimals(0)\n', ''],
    ],
    rule: 'WEIR_LINT_UNUSED_TAG',
    at: [EVENT, '"price"'],
  },
  {
    name: "a slip in one of lint's own tags",
    edits: [[EVENT, '"quasi-identifier"', '"quasi_identifer"']],
    rule: 'WEIR_LINT_UNKNOWN_TAG',
    at: [EVENT, '"postcode"'],
  },
  {
    name: 'a doc of one word',
    edits: [[EVENT, 'What it costs.', 'Price']],
    rule: 'WEIR_LINT_DOC',
    at: [EVENT, '"price"'],
  },
  {
    name: 'a doc to be written',
    edits: [[EVENT, 'What it costs.', 'TODO write this']],
    rule: 'WEIR_LINT_DOC',
    at: [EVENT, '"price"'],
  },
  {
    name: 'a doc that is a draft',
    edits: [[EVENT, 'What it costs.', 'DRAFT: say in plain words what price holds.']],
    rule: 'WEIR_LINT_DRAFT',
    at: [EVENT, '"price"'],
  },
  {
    name: 'tags that are a draft',
    edits: [[EVENT, '["behaviour"], "doc": "What it costs."', '["behaviour", "drafted"], "doc": "What it costs."']],
    rule: 'WEIR_LINT_DRAFT',
    at: [EVENT, '"price"'],
  },
  {
    name: 'a leaf that an older notice shows and a newer one does not',
    edits: [[TIPS_2, '  place.region: keep\n', '']],
    rule: 'WEIR_LINT_NARROWING',
    at: [TIPS_1, 'place.region'],
  },
  {
    name: 'a leaf that an older notice shows finer',
    edits: [[TIPS_2, 'at: keep', 'at: month']],
    rule: 'WEIR_LINT_NARROWING',
    at: [TIPS_1, 'at: hour'],
  },
  {
    name: 'events that only a newer notice leaves out',
    edits: [[TIPS_2, 'granted:', 'events: {kind: seen}\ngranted:']],
    rule: 'WEIR_LINT_NARROWING',
    at: [TIPS_1, 'purpose:'],
  },
  {
    name: 'what is sensitive left out under a newer notice alone',
    edits: [
      [TIPS_2, 'otherwise:', 'sensitive: {by: "stops[].name", values: lists/health.txt, needs: counts}\notherwise:'],
    ],
    rule: 'WEIR_LINT_NARROWING',
    at: [TIPS_1, 'purpose:'],
  },
]

test('a good contract has no errors and no warnings', () => {
  expect(places(lint(travel(), { against: contractsOf(travel()) }))).toEqual([])
})

describe('lint finds', () => {
  test.each(PLANTED)('$name', ({ edits, rule, at }) => {
    const files = travelWith(...edits)
    const [file, text] = at
    expect(places(lint(files))).toContain(`${rule} ${file}:${lineOf(files, file, text)}`)
  })
})

const WIDENINGS: readonly Planted[] = [
  {
    name: 'a leaf more',
    edits: [[TIPS_2, '  price: decimals(0)', '  price: decimals(0)\n  comment: first(3)']],
    rule: 'WEIR_LINT_WIDENING',
    at: [TIPS_2, 'comment'],
  },
  {
    name: 'a finer leaf in a file of an older notice',
    edits: [[TIPS_1, 'at: hour', 'at: keep']],
    rule: 'WEIR_LINT_WIDENING',
    at: [TIPS_1, 'at: keep'],
  },
  {
    name: 'a leaf for more events',
    edits: [[TIPS_2, '{kind: booked}', '{kind: [booked, seen]}']],
    rule: 'WEIR_LINT_WIDENING',
    at: [TIPS_2, 'nights'],
  },
  {
    name: 'a value more in a list',
    edits: [['lists/words.txt', 'hills', 'hills\nlakes']],
    rule: 'WEIR_LINT_WIDENING',
    at: [TIPS_2, 'query'],
  },
  {
    name: 'a key of a map more',
    edits: [[TIPS_2, 'marks{seen,liked}', 'marks{seen,liked,hated}']],
    rule: 'WEIR_LINT_WIDENING',
    at: [TIPS_2, 'marks'],
  },
  {
    name: 'more without a grant',
    edits: [[COUNTS, 'otherwise:\n', 'otherwise:\n  detail<View>.seconds: bucket(0, 10, 60)\n']],
    rule: 'WEIR_LINT_WIDENING',
    at: [COUNTS, 'otherwise:'],
  },
  {
    name: 'a longer retention',
    edits: [[COUNTS, 'retention: 30d', 'retention: 60d']],
    rule: 'WEIR_LINT_WIDENING',
    at: [COUNTS, 'retention'],
  },
  {
    name: 'a recipient more',
    edits: [[COUNTS, '[reporting]', '[reporting, advertising]']],
    rule: 'WEIR_LINT_WIDENING',
    at: [COUNTS, 'recipients'],
  },
  {
    name: 'a tag taken off, so that the signal is not heard',
    edits: [[EVENT, '"own-signal"', '"behaviour"']],
    rule: 'WEIR_LINT_WIDENING',
    at: [EVENT, '{'],
  },
  {
    name: 'a signal no longer listened to',
    edits: [['purposes.yaml', 'gpc: denies', 'gpc: ignored']],
    rule: 'WEIR_LINT_WIDENING',
    at: ['purposes.yaml', 'gpc:'],
  },
]

describe('a widening without the next notice:', () => {
  const against = contractsOf(travel())

  test.each(WIDENINGS)('$name', ({ name, edits, rule, at }) => {
    const files = travelWith(...edits)
    const [file, text] = at
    const after = name === 'more without a grant' ? 1 : 0
    expect(places(lint(files, { against }))).toContain(`${rule} ${file}:${lineOf(files, file, text) + after}`)
    expect(places(lint(files)).filter((place) => place.startsWith(rule))).toEqual([])
  })

  test('is none when the next notice brings it', () => {
    const files = travelWith(['purposes.yaml', 'notice: 2', 'notice: 3'])
    const text = (files.get(TIPS_2) ?? '')
      .replace('notice: 2', 'notice: 3')
      .replace('price: decimals(0)', 'price: decimals(2)')
    expect(places(lint(files.set('travel/tips.3.yaml', text), { against }))).toEqual([])
  })
})

describe('schemas', () => {
  const before = contractsOf(travel())
  const [stream] = before.streams
  const output = stream?.outputs.find((one) => one.topic === 'travel.tips')
  /** The type of a leaf changes at its source, and so in the clean topic. */
  const files = travelWith(
    [EVENT, '"price", "type": "double", "default": 0', '"price", "type": "string", "default": ""'],
    [TIPS_2, 'price: decimals(0)', 'price: keep'],
  )
  const line = lineOf(files, TIPS_2, 'price')

  test('that break FULL_TRANSITIVE beside what is registered are found at the line that does it', () => {
    const registered = new Map([['travel.tips', [{ name: 'version 3', schema: output?.cleanSchema }]]])
    const [found] = lint(files, { registered }).filter((one) => one.rule === 'WEIR_LINT_INCOMPATIBLE')
    expect(found).toMatchObject({ file: TIPS_2, line, severity: 'error' })
    expect(found?.what).toContain('version 3')
  })

  test('are compared with the earlier contract when no registry is asked, the raw one too', () => {
    const found = places(lint(files, { against: before })).filter((place) => place.startsWith('WEIR_LINT_INCOMPATIBLE'))
    expect(found).toContain(`WEIR_LINT_INCOMPATIBLE ${TIPS_2}:${line}`)
    expect(found).toContain(`WEIR_LINT_INCOMPATIBLE ${EVENT}:${lineOf(files, EVENT, '"price"')}`)
  })
})

describe('notes', () => {
  const notes = lint(travel()).filter((one) => one.severity === 'note')

  test('tell what presence and length show', () => {
    const shown = notes.filter((one) => one.rule === 'WEIR_LINT_PRESENCE').map(({ file, what }) => `${file}: ${what}`)
    expect(shown).toEqual([
      'travel/counts.1.yaml: "granted" also shows whether detail is of a kind that is named here',
      'travel/tips.1.yaml: "granted" also shows whether there is a place',
      'travel/tips.2.yaml: "granted" also shows whether there is a place',
      'travel/tips.2.yaml: "granted" also shows how many stops there are',
      'travel/tips.2.yaml: "granted" also shows which of its named keys marks has',
    ])
  })

  test('tell of pseudonyms beside which the subject is not named', () => {
    const files = travelWith([COUNTS, 'granted:\n', 'granted:\n  place.postcode: pseudonymize\n'])
    expect(places(lint(files), true)).toContain(
      `WEIR_LINT_PSEUDONYM_WITHOUT_SUBJECT ${COUNTS}:${lineOf(files, COUNTS, 'pseudonymize')}`,
    )
  })

  test('tell of texts that nothing limits, and not of codes', () => {
    const text = (file: ReadonlyMap<string, string>) => lint(file).filter((one) => one.rule === 'WEIR_LINT_FREE_TEXT')
    expect(text(travel())).toEqual([])
    const [found] = text(
      travelWith([EVENT, '"behaviour", "code"], "doc": "The region', '"behaviour"], "doc": "The region']),
    )
    expect(found).toMatchObject({ severity: 'note', file: TIPS_1 })
  })
})

test('what keeps a contract from loading comes as findings with line and column', () => {
  const files = travelWith([TIPS_2, 'place.region: keep', 'place.regoin: keep'])
  const { findings, skipped } = lintContracts(files)
  const line = lineOf(files, TIPS_2, 'regoin')
  expect(findings).toMatchObject([
    { rule: 'WEIR_CONTRACT_UNKNOWN_FIELD', severity: 'error', file: TIPS_2, line, column: 3 },
  ])
  expect(skipped).toHaveLength(1)
})

test('findings point at the column, also where keys are written with blanks', () => {
  const files = travelWith([TIPS_2, 'marks{seen,liked}: keep', 'marks{seen, liked}: keep'])
  const found = lint(files).find((one) => one.what.includes('marks'))
  expect(found).toMatchObject({ line: lineOf(files, TIPS_2, 'marks'), column: 3 })
})
