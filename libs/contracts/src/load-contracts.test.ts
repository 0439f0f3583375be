import { describe, expect, it } from 'vitest'
import { errorOf, faultsOf } from './fixtures/faults-of.ts'
import { COUNTS, EVENT, PURPOSES, TIPS } from './fixtures/planted.ts'
import { shop, shopWith } from './fixtures/shop.ts'
import { type Branch, type Contracts, loadContracts, pathText } from './index.ts'

describe('a contract without faults', () => {
  const contracts = loadContracts(shop())

  it('gives purposes in the order of purposes.yaml, with times in milliseconds', () => {
    expect(contracts.purposes).toEqual([
      {
        name: 'tips',
        title: 'Tips',
        summary: 'We look at what you view.',
        benefit: 'You find things sooner.',
        basis: 'consent',
        dpv: 'dpv:ServicePersonalisation',
        tcf: [5, 6],
        gpc: 'denies',
        grantLastsMs: 365 * 86_400_000,
        notice: 2,
      },
      expect.objectContaining({ name: 'counts', dpv: null, tcf: [], grantLastsMs: null, basis: 'legitimate-interest' }),
      expect.objectContaining({ name: 'mail', notice: 1 }),
      expect.objectContaining({ name: 'mail.weekly', notice: 7 }),
      expect.objectContaining({ name: 'health', notice: 3 }),
    ])
  })

  it('finds the leaves that steer by their tags', () => {
    const stream = contracts.streams[0]
    expect(stream).toMatchObject({
      name: 'shop',
      rawTopic: 'shop.raw',
      quarantineTopic: 'shop.quarantine',
      subject: ['who'],
      device: ['phone'],
      eventTime: ['at'],
      ownSignals: [['gpc']],
    })
  })

  it('lists all leaves in source order, those inside arrays, maps and unions too', () => {
    const leaves = contracts.streams[0]?.leaves.map(
      (leaf) => `${pathText(leaf.path)} ${leaf.type}${leaf.nullable ? '?' : ''}`,
    )
    expect(leaves).toEqual([
      'id string',
      'kind enum',
      'mood enum',
      'at long',
      'who string',
      'phone string?',
      'page.path string',
      'page.url string',
      'geo.country string?',
      'geo.home.country string?',
      'shipTo.country string?',
      'query string?',
      'items[].sku string',
      'items[].sizes[] string',
      'trials{} string',
      'extra<string> string?',
      'extra<long> long?',
      'gpc boolean?',
      'scores{}.value double',
      'action<View>.seconds int?',
      'action<View>.full boolean?',
      'action<Buy>.amount long?',
      'action<Buy>.channel enum?',
      'action<Buy>.iban string?',
      'thread.text string',
      'thread.answer record?',
      'ip string',
      'agent string',
      'link string?',
      'lat double',
      'spent long',
      'number long',
    ])
  })

  it('gives each purpose its policies by notice, leaves in source order, and the newest otherwise', () => {
    const [tips, counts] = contracts.streams[0]?.outputs ?? []
    expect(tips?.policies.map((policy) => [policy.notice, policy.file, shown(policy.granted)])).toEqual([
      [1, 'shop/tips.1.yaml', ['kind keep', 'at hour', 'who pseudonymize', 'page.path routes']],
      [
        2,
        'shop/tips.2.yaml',
        ['kind keep', 'at keep', 'who pseudonymize', 'page.path routes', 'geo.country keep', 'query in'],
      ],
    ])
    expect(tips?.otherwise && shown(tips.otherwise)).toEqual(['kind keep', 'at day'])
    expect(counts?.otherwise).toBeNull()
    expect(counts).toMatchObject({ topic: 'shop.counts', retentionMs: 86_400_000, recipients: ['reporting'] })
  })

  it('reads the values of a list and the patterns of a route', () => {
    const verbs = contracts.streams[0]?.outputs[0]?.policies[1]?.granted.leaves.map((leaf) => leaf.verb)
    expect(verbs).toContainEqual({ kind: 'in', file: 'lists/words.txt', values: new Set(['lamp', 'jacket']) })
    expect(verbs).toContainEqual({ kind: 'routes', patterns: ['/p/:sku', '/cart'] })
  })

  it('reads conditions, additions, what is sensitive and what is needed', () => {
    const mail = contracts.streams[0]?.outputs[2]
    const policy = mail?.policies[0]
    expect(policy?.needs).toEqual(['mail.weekly'])
    const branch = policy?.granted
    expect(branch?.events).toEqual([
      { path: ['kind'], constants: ['view', 'buy'] },
      { path: ['action', '<View>', 'full'], constants: [true] },
    ])
    const whenBuy = { path: ['kind'], constants: ['buy'] }
    expect(branch?.only[0]).toEqual({
      when: [whenBuy],
      leaves: [
        { path: ['action', '<Buy>', 'amount'], verb: { kind: 'bucket', bounds: [0, 1000, 5000] } },
        { path: ['agent'], verb: { kind: 'family' } },
      ],
    })
    const sensitive = {
      by: ['items', '[]', 'sku'],
      file: 'lists/health.txt',
      values: new Set(['pills']),
      needs: 'health',
    }
    expect(branch?.sensitive).toEqual(sensitive)
    // Without a grant as with one, but for what "only" adds.
    expect(mail?.otherwise).toEqual(expect.objectContaining({ events: branch?.events, only: [], sensitive }))
  })

  it('reads the arguments of each verb, and gives a constant the type of its leaf', () => {
    const leaves = contracts.streams[0]?.outputs[2]?.policies[0]?.granted.leaves ?? []
    expect(leaves.map((leaf) => [pathText(leaf.path), leaf.verb])).toEqual([
      ['kind', { kind: 'keep' }],
      ['at', { kind: 'month' }],
      ['items[].sku', { kind: 'keep' }],
      ['items[].sizes[]', { kind: 'first', characters: 2 }],
      ['trials{banner,price list}', { kind: 'keep' }],
      ['trials{user}', { kind: 'pseudonymize' }],
      ['extra<string>', { kind: 'in', file: 'lists/words.txt', values: new Set(['lamp', 'jacket']) }],
      ['scores{risk}.value', { kind: 'decimals', digits: 1 }],
      ['action<View>.seconds', { kind: 'bucket', bounds: [0, 10, 60] }],
      ['action<Buy>.channel', { kind: 'set', constant: 'web' }],
      ['ip', { kind: 'prefix', v4: 24, v6: 48 }],
    ])
  })

  it.each([
    ['action<View>.full: set(true)', true],
    ['spent: set(-3)', -3],
    ['lat: set(0.5)', 0.5],
    ['page.path: set(a, b (c))', 'a, b (c)'],
  ])('%s', (line, constant) => {
    const files = shopWith(COUNTS, 'geo.home.country: keep', line)
    const verbs = loadContracts(files).streams[0]?.outputs[1]?.policies[0]?.granted.leaves.map((leaf) => leaf.verb)
    expect(verbs).toContainEqual({ kind: 'set', constant })
  })

  it('knows that policy tests belong to a stream', () => {
    expect(() => loadContracts(shop().set('shop/cases.yaml', '[]'))).not.toThrow()
  })

  it('keeps the raw schema with its tags', () => {
    expect(JSON.stringify(contracts.streams[0]?.rawSchema)).toContain('"confluent:tags":["own-signal"]')
  })

  it('needs no device, no own signal and no optional key', () => {
    const files = shopWith('shop/event.avsc', '["device"]', '["identifier"]')
    files.set('shop/event.avsc', files.get('shop/event.avsc')?.replace('["own-signal"]', '["technical"]') ?? '')
    const stream = loadContracts(files).streams[0]
    expect([stream?.device, stream?.ownSignals]).toEqual([null, []])
  })
})

describe("tags of one's own", () => {
  it('are welcome when they do not look like one that means something', () => {
    expect(() => loadContracts(shopWith('shop/event.avsc', '"doc": "An id."', '"doc": "An id.", "x": 1'))).not.toThrow()
    expect(() =>
      loadContracts(shopWith('shop/event.avsc', '["order"], "doc": "An id."', '["PHI"], "doc": "An id."')),
    ).not.toThrow()
  })
})

describe('a contract with faults', () => {
  it('is refused once, with all of them in order of file and line', () => {
    const files = shopWith(TIPS, 'geo.country: keep', 'geo.contry: kepe')
    files.set(PURPOSES, files.get(PURPOSES)?.replace('gpc: denies', 'gpc: perhaps') ?? '')
    files.set(EVENT, files.get(EVENT)?.replace(', "doc": "Variants."', '') ?? '')
    const error = errorOf(files)
    expect(error?.code).toBe('WEIR_CONTRACT_INVALID')
    expect(error?.faults.map((fault) => `${fault.file}:${fault.line} ${fault.code}`)).toEqual([
      'purposes.yaml:8 WEIR_CONTRACT_BAD_VALUE',
      'shop/event.avsc:25 WEIR_CONTRACT_UNDESCRIBED',
      'shop/tips.2.yaml:9 WEIR_CONTRACT_UNKNOWN_FIELD',
      'shop/tips.2.yaml:9 WEIR_CONTRACT_UNKNOWN_VERB',
    ])
    expect(error?.message).toContain(
      'shop/tips.2.yaml:9:3: event.avsc has no geo.contry. Did you mean geo.country? [WEIR_CONTRACT_UNKNOWN_FIELD]',
    )
  })

  it.each([
    ['purposes.yaml', 'there is no purposes.yaml'],
    ['shop/event.avsc', 'the stream "shop" has no event.avsc'],
  ])('says that %s is missing', (file, what) => {
    const files = shop()
    files.delete(file)
    expect(faultsOf(files)).toContainEqual(
      expect.objectContaining({ file, line: 1, what, code: 'WEIR_CONTRACT_MISSING_FILE' }),
    )
  })

  it.each([
    ['shop/tips.yaml', 'UNKNOWN_FILE'],
    ['shop/tips.03.yaml', 'UNKNOWN_FILE'],
    ['shop/tips.3.yml', 'UNKNOWN_FILE'],
    ['shop/old/tips.3.yaml', 'UNKNOWN_FILE'],
    ['consents.yaml', 'UNKNOWN_FILE'],
  ])('never overlooks a file that looks like a part of it: %s', (file, code) => {
    expect(faultsOf(shop().set(file, ''))).toContainEqual(
      expect.objectContaining({ file, code: `WEIR_CONTRACT_${code}` }),
    )
  })

  it.each(['consent', 'weir', 'my-shop', 'Shop'])('refuses a stream named %s', (name) => {
    const fault = { file: `${name}/event.avsc`, line: 1, code: 'WEIR_CONTRACT_BAD_VALUE' }
    expect(faultsOf(shop().set(`${name}/event.avsc`, '{}'))).toContainEqual(expect.objectContaining(fault))
  })

  it('leaves texts for people alone', () => {
    expect(() => loadContracts(shop().set('README.md', '#').set('shop/notes.txt', 'x'))).not.toThrow()
  })

  it('does not take a second stream for the first', () => {
    const files = shop()
    files.set('web/event.avsc', files.get(EVENT) ?? '')
    files.set('web/counts.1.yaml', (files.get(COUNTS) ?? '').replaceAll('shop.', 'web.'))
    const contracts: Contracts = loadContracts(files)
    expect(contracts.streams.map((stream) => [stream.name, stream.outputs.map((output) => output.topic)])).toEqual([
      ['shop', ['shop.tips', 'shop.counts', 'shop.mail']],
      ['web', ['web.counts']],
    ])
  })
})

function shown(branch: Branch): string[] {
  return branch.leaves.map((leaf) => `${pathText(leaf.path)} ${leaf.verb.kind}`)
}
