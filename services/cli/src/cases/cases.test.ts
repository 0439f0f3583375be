import { loadContracts } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { cinema, cinemaWith } from '../../fixtures/contract.ts'
import { EventPass } from './pass-event.ts'
import { readCases } from './read-cases.ts'
import { runCase } from './run-case.ts'

const FILE = 'cinema/cases.yaml'

function read(text: string, files = cinema()) {
  const contracts = loadContracts(files)
  const stream = contracts.streams.find((one) => one.name === 'cinema')
  if (stream === undefined) throw new Error('no stream')
  return { contracts, stream, ...readCases(text, FILE, stream, contracts) }
}

/** What fails: `purpose path expected got`. */
function run(text: string, files = cinema()): string[] {
  const { contracts, stream, cases, faults } = read(text, files)
  expect(faults).toEqual([])
  const pass = new EventPass(contracts, stream)
  return cases.flatMap((one) =>
    runCase(pass, one).flatMap(({ purpose, differences }) =>
      differences.map(
        ({ path, expected, actual }) => `${purpose} ${path} ${JSON.stringify(expected)} ${JSON.stringify(actual)}`,
      ),
    ),
  )
}

const one = (rest: string) => `- name: a case\n  event: {kind: buy}\n${rest}`

test('the cases of the sample pass', () => {
  expect(run(cinema().get(FILE) ?? '')).toEqual([])
})

describe('a case fails', () => {
  test('when a leaf shows that was not expected', () => {
    const files = cinemaWith(
      'cinema/tips.2.yaml',
      '  query: in(lists/words.txt)\n',
      '  query: in(lists/words.txt)\n  price: keep\n',
    )
    files.set('cinema/tips.2.yaml', (files.get('cinema/tips.2.yaml') ?? '').replace(/only:\n.*\n.*\n/, ''))
    expect(run(cinema().get(FILE) ?? '', files)).toContain('tips price null 0')
  })

  test('when something is published instead of withheld', () => {
    expect(run(one('  expect: {tips: withheld}'))).toHaveLength(1)
  })

  test('when nothing is published instead of something', () => {
    expect(run(one('  expect: {mail: {kind: buy}}'))).toHaveLength(1)
  })

  test('when a value is expected where a pseudonym is, or a pseudonym where null is', () => {
    const consent = '  consent: {tips: {notice: 1}}\n'
    expect(run(one(`${consent}  expect: {tips: {kind: buy, at: 2026-01-15, who: sample who}}`))).toEqual([
      'tips who "sample who" "pseudonym"',
    ])
    expect(run(one('  expect: {tips: {kind: buy, who: pseudonym}}'))).toEqual(['tips who "pseudonym" null'])
  })

  test('when the word pseudonym stands in the event itself', () => {
    const files = cinemaWith('lists/words.txt', 'heat', 'pseudonym')
    const text = `- name: a case
  event: {kind: buy, price: 0, query: pseudonym}
  consent: {tips: {notice: 2}}
  expect: {tips: {kind: buy, at: 2026-01-15T10:00:00Z, who: pseudonym, query: pseudonym, films: [], marks: {}, price: 0}}`
    expect(run(text, files)).toEqual(['tips query "pseudonym" "the text \\"pseudonym\\" itself"'])
  })

  test('when an empty list is expected and there is none, and the other way round', () => {
    expect(run(one('  expect: {tips: {kind: buy, films: []}}'))).toEqual(['tips films [] null'])
    const granted = '  consent: {tips: {notice: 2}}\n'
    const clean = 'kind: buy, at: 2026-01-15T10:00:00Z, who: pseudonym, marks: {}, price: 0'
    expect(run(one(`${granted}  expect: {tips: {${clean}}}`))).toEqual(['tips films null []'])
  })

  test('when an event is quarantined, or expected to be', () => {
    expect(run('- name: a case\n  event: {who: ""}\n  expect: {tips: withheld}')).toHaveLength(1)
    expect(run(one('  expect: quarantined'))).toHaveLength(1)
  })
})

describe('consent in a case', () => {
  const stripped = '  expect: {tips: {kind: buy}}'

  test.each([
    ['none', 'consent: none'],
    ['none for the purpose', 'consent: {tips: none}'],
    ['withdrawn', 'consent: {tips: withdrawn}'],
    ['objected', 'consent: {tips: objected}'],
    ['expired', 'consent: {tips: expired}'],
    ['erased', 'consent: {tips: erased}'],
    ['notified', 'consent: {tips: notified}'],
    ['given after the event', 'consent: {tips: {since: after-event}}'],
    ['run out by now', 'consent: {tips: {until: passed}}'],
  ])('that is %s strips', (_, consent) => {
    expect(run(one(`  ${consent}\n${stripped}`))).toEqual([])
  })

  const granted = '  consent: {tips: {notice: 1}}'
  const shown = '  expect: {tips: {kind: buy, at: 2026-01-15, who: pseudonym}}'

  test('of the event’s device takes away when it refuses, and only if the event names a device', () => {
    const device = '  device: {tips: objected}'
    expect(run(`- name: a case\n  event: {kind: buy, phone: p1}\n${granted}\n${device}\n${stripped}`)).toEqual([])
    expect(run(one(`${granted}\n${device}\n${shown}`))).toEqual([])
  })

  test('is overruled by the event’s own signal where the purpose listens to it', () => {
    expect(run(`- name: a case\n  event: {kind: buy, gpc: true}\n${granted}\n${stripped}`)).toEqual([])
  })

  test('to the purpose that sensitive values need lets them pass', () => {
    const event = '  event: {kind: look, films: [{id: B2, genre: illness}]}'
    const clean = 'kind: look, at: 2026-01-15T10:00:00Z, who: pseudonym, marks: {}'
    const both = `  consent: {tips: granted, mail: granted}\n  expect: {tips: {${clean}, films: [{id: B2, genre: illness}]}}`
    const alone = `  consent: {tips: granted}\n  expect: {tips: {${clean}, films: []}}`
    expect(run(`- name: a case\n${event}\n${both}\n- name: another\n${event}\n${alone}`)).toEqual([])
  })
})

/** What is wrong, and the text of the line where it is said to be. */
const FAULTS: readonly (readonly [what: string, text: string, says: string, line: number])[] = [
  ['no list', 'name: a case', 'there are no cases', 1],
  ['not YAML', '- {name: a', 'not valid YAML', 1],
  ['no name', '- event: {}\n  expect: {tips: withheld}', 'the case has no name', 1],
  [
    'one name twice',
    `${one('  expect: {tips: withheld}')}\n${one('  expect: {tips: withheld}')}`,
    'two cases have this name',
    4,
  ],
  ['an unknown key', one('  expects: {}\n  expect: {tips: withheld}'), 'unknown key "expects"', 3],
  ['nothing expected', one('  consent: none'), 'nothing is expected', 1],
  ['a purpose that reads nothing', one('  expect:\n    tip: withheld'), 'no policy of cinema is for "tip"', 4],
  ['a word that is none', one('  expect:\n    tips: nothing'), 'this says nothing of what tips gets', 4],
  [
    'a field that the event does not have',
    '- name: a\n  event:\n    kinds: buy\n  expect: {tips: withheld}',
    'kinds: there is no field',
    3,
  ],
  [
    'a field that is never clean',
    one('  expect:\n    tips:\n      price: 1\n      phone: x'),
    'phone: there is no field',
    6,
  ],
  ['an unknown answer', one('  consent:\n    tips: maybe\n  expect: {tips: withheld}'), 'this is no answer', 4],
  [
    'an unknown purpose',
    one('  consent:\n    tip: granted\n  expect: {tips: withheld}'),
    'purposes.yaml has no "tip"',
    4,
  ],
  [
    'a notice nobody has seen',
    one('  consent:\n    tips: {notice: 3}\n  expect: {tips: withheld}'),
    'nobody has seen notice 3',
    4,
  ],
  [
    'a notice that is none',
    one('  consent:\n    tips: {notice: first}\n  expect: {tips: withheld}'),
    'a notice is a whole number',
    4,
  ],
  [
    'an unknown key of a grant',
    one('  consent:\n    tips: {from: x}\n  expect: {tips: withheld}'),
    'unknown key "from"',
    4,
  ],
  [
    'an unknown word',
    one('  consent:\n    tips: {since: ever}\n  expect: {tips: withheld}'),
    'this word means nothing here',
    4,
  ],
]

test.each(FAULTS)('a file of cases is refused for %s', (_, text, says, line) => {
  const { faults } = read(text)
  expect(faults).toMatchObject([{ line }])
  expect(faults[0]?.what).toContain(says)
})
