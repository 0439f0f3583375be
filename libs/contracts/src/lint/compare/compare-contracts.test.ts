import { describe, expect, test } from 'vitest'
import { contractsOf } from '../../contracts-of.ts'
import { type Edit, travel, travelWith } from '../fixtures/travel.ts'
import { compareContracts, type OutputChanges } from './compare-contracts.ts'

const before = contractsOf(travel())

function changed(...edits: readonly Edit[]): OutputChanges[] {
  return compareContracts(before, contractsOf(travelWith(...edits)))
}

/** `audience: order text`, for one output. */
function told(output: OutputChanges | undefined): string[] {
  return (output?.groups ?? []).flatMap(({ audience, changes }) => {
    const notices = audience.kind === 'grants' ? ` ${audience.notices.join()}` : ''
    return changes.map(({ order, about }) => `${audience.kind}${notices}: ${about} ${order}`)
  })
}

const TIPS_3 = travel().get('travel/tips.2.yaml')?.replace('notice: 2', 'notice: 3') ?? ''

/** The change made as it should be: in a file of the next notice. */
function withNextNotice(text: string) {
  const files = travelWith(['purposes.yaml', 'notice: 2', 'notice: 3'])
  return compareContracts(before, contractsOf(files.set('travel/tips.3.yaml', text)))
}

test('a contract differs in nothing from itself', () => {
  expect(compareContracts(before, contractsOf(travel()))).toEqual([])
})

describe('a leaf more in a file in force', () => {
  const [output] = changed([
    'travel/tips.2.yaml',
    'price: decimals(0)',
    'price: decimals(0)\n  place.postcode: first(2)',
  ])

  test('is shown to those who agreed to that notice, and not to the others', () => {
    expect(told(output)).toEqual(['grants 2: leaf more'])
  })

  test('needs a notice that it does not have', () => {
    expect(output?.widening).toBe('missing')
  })
})

describe('a leaf more in a file of the next notice', () => {
  const [output] = withNextNotice(TIPS_3.replace('price: decimals(0)', 'price: decimals(1)'))

  test('is shown to those who will agree, beside the notice before', () => {
    expect(told(output)).toEqual(['new-grants: leaf more'])
    expect(output?.groups[0]?.audience).toEqual({ kind: 'new-grants', notice: 3, besideNotice: 2 })
  })

  test('has the notice that it needs', () => {
    expect(output?.widening).toBe('new-notice')
  })
})

test('a narrowing needs no notice', () => {
  const [output] = changed(['travel/tips.2.yaml', '  price: decimals(0)\n', ''])
  expect(told(output)).toEqual(['grants 2: leaf less'])
  expect(output?.widening).toBe('none')
})

test('an older file taken out leaves its people without what needs a grant', () => {
  const files = travel()
  files.delete('travel/tips.1.yaml')
  const [output] = compareContracts(before, contractsOf(files))
  // By notice 1 they saw the hour, a stand-in and the region; `otherwise` shows the day.
  expect(told(output)).toEqual(Array.from({ length: 3 }, () => 'grants 1: leaf less'))
})

test('an older file put back shows more to those who agreed to it', () => {
  const without = travel()
  without.delete('travel/tips.1.yaml')
  const [output] = compareContracts(contractsOf(without), before)
  expect(told(output)).toContain('grants 1: leaf more')
  expect(output?.widening).toBe('missing')
})

test('what is shown without a grant is told apart', () => {
  const [output] = changed(['travel/counts.1.yaml', 'otherwise:\n  kind: keep\n  at: day', 'otherwise:\n  kind: keep'])
  expect(told(output)).toEqual(['without-grant: leaf less'])
})

const BOTH = ['travel/tips.1.yaml', 'travel/tips.2.yaml'] as const

test.each([
  { name: 'kept longer', key: 'retention', from: 'retention: 90d', to: 'retention: 91d', order: 'more' },
  { name: 'kept less long', key: 'retention', from: 'retention: 90d', to: 'retention: 1d', order: 'less' },
  { name: 'a recipient more', key: 'recipients', from: '[recommender]', to: '[recommender, mailer]', order: 'more' },
  { name: 'another recipient', key: 'recipients', from: '[recommender]', to: '[mailer]', order: 'mixed' },
  { name: 'another topic', key: 'to', from: 'travel.tips', to: 'travel.hints', order: 'neither' },
])('$name is a change for everyone', ({ key, from, to, order }) => {
  const [output] = changed(...BOTH.map((file) => [file, from, to] as const))
  expect(told(output)).toEqual([`all: ${key} ${order}`])
  expect(output?.widening).toBe(order === 'more' || order === 'mixed' ? 'missing' : 'none')
})

test('more recipients are right with a new topic, the next notice and no older file', () => {
  const files = travelWith(['purposes.yaml', 'notice: 2', 'notice: 3'])
  const text = TIPS_3.replace('travel.tips', 'travel.tips3').replace('[recommender]', '[recommender, mailer]')
  files.set('travel/tips.3.yaml', text)
  files.delete('travel/tips.1.yaml')
  files.delete('travel/tips.2.yaml')
  const [output] = compareContracts(before, contractsOf(files))
  expect(told(output)).toContain('all: recipients more')
  expect(output?.widening).toBe('new-notice')
})

test('another purpose that is needed shows less, and one no longer needed more', () => {
  const needing = travelWith(
    ['travel/tips.1.yaml', 'granted:', 'needs: [counts]\ngranted:'],
    ['travel/tips.2.yaml', 'granted:', 'needs: [counts]\ngranted:'],
  )
  const [more] = compareContracts(before, contractsOf(needing))
  expect(told(more)).toEqual(['grants 1: needs less', 'grants 2: needs less'])
  const [less] = compareContracts(contractsOf(needing), before)
  expect(told(less)).toEqual(['grants 1: needs more', 'grants 2: needs more'])
  expect(less?.widening).toBe('missing')
})

test.each([
  { about: 'gpc', from: 'gpc: denies', to: 'gpc: ignored', order: 'more' },
  { about: 'basis', from: 'basis: consent', to: 'basis: legitimate-interest', order: 'more' },
  { about: 'grantLasts', from: 'grantLasts: 365d', to: 'grantLasts: 400d', order: 'more' },
  { about: 'grantLasts', from: 'grantLasts: 365d', to: 'grantLasts: 30d', order: 'less' },
  { about: 'words', from: 'what you view', to: 'what you like', order: 'neither' },
])('$to in purposes.yaml is told as $order', ({ about, from, to, order }) => {
  const [output] = changed(['purposes.yaml', from, to])
  expect(output?.stream).toBeNull()
  expect(told(output)).toEqual([`all: ${about} ${order}`])
  expect(output?.widening).toBe(order === 'more' ? 'missing' : 'none')
})

test('no longer listening to GPC is no matter of the next notice while older grants still give something', () => {
  const files = travelWith(
    ['purposes.yaml', 'gpc: denies', 'gpc: ignored'],
    ['purposes.yaml', 'notice: 2', 'notice: 3'],
  )
  files.set('travel/tips.3.yaml', TIPS_3)
  const ofPurpose = (of: Map<string, string>) =>
    compareContracts(before, contractsOf(of)).find(({ stream, purpose }) => stream === null && purpose === 'tips')
  expect(ofPurpose(files)?.widening).toBe('missing')
  files.delete('travel/tips.1.yaml')
  files.delete('travel/tips.2.yaml')
  expect(ofPurpose(files)?.widening).toBe('new-notice')
})

test('a stream more for a purpose that people have agreed to needs the next notice', () => {
  const files = travel()
  files.set('rail/event.avsc', (files.get('travel/event.avsc') ?? '').replace('"Trip"', '"Ride"'))
  const text = (files.get('travel/counts.1.yaml') ?? '').replaceAll('travel.', 'rail.')
  const [now] = compareContracts(before, contractsOf(new Map(files).set('rail/counts.1.yaml', text)))
  expect(now).toMatchObject({ stream: 'rail', kind: 'added', widening: 'missing' })

  files.set('rail/counts.2.yaml', text.replace('notice: 1', 'notice: 2'))
  files.set('purposes.yaml', (files.get('purposes.yaml') ?? '').replace('notice: 1', 'notice: 2'))
  const [next] = compareContracts(before, contractsOf(files))
  expect(next).toMatchObject({ stream: 'rail', kind: 'added', widening: 'new-notice' })
})

test('a stream that goes shows less', () => {
  const files = travel()
  files.delete('travel/counts.1.yaml')
  files.set('purposes.yaml', (files.get('purposes.yaml') ?? '').split('counts:')[0] ?? '')
  const [output] = compareContracts(before, contractsOf(files))
  expect(output).toMatchObject({ purpose: 'counts', kind: 'removed', widening: 'none' })
})

test.each([
  { name: 'a signal no longer listened to', from: '"own-signal"', to: '"technical"', order: 'more' },
  {
    name: 'a device that may refuse',
    from: '"comment", "type": ["null", "string"], "default": null, "confluent:tags": ["behaviour"]',
    to: '"comment", "type": ["null", "string"], "default": null, "confluent:tags": ["device"]',
    order: 'less',
  },
])('$name is a change for everyone', ({ from, to, order }) => {
  const outputs = changed(['travel/event.avsc', from, to])
  expect(outputs.map(told)).toEqual([[`all: steering ${order}`], [`all: steering ${order}`]])
  expect(outputs[0]?.widening).toBe(order === 'more' ? 'missing' : 'none')
})
