import { describe, expect, it } from 'vitest'
import { COUNTS, EVENT, OLD_TIPS, PURPOSES, TIPS } from './fixtures/planted.ts'
import { plantedElsewhere } from './fixtures/planted-elsewhere.ts'
import { plantedInPolicies } from './fixtures/planted-in-policies.ts'
import { shop, shopWith } from './fixtures/shop.ts'
import { type Branch, ContractError, type Contracts, loadContracts } from './index.ts'

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

  it('lists all leaves in source order, arrays, maps and unions as one leaf each', () => {
    const leaves = contracts.streams[0]?.leaves.map(
      (leaf) => `${leaf.path.join('.')} ${leaf.type}${leaf.nullable ? '?' : ''}`,
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
      'items array',
      'trials map',
      'extra union',
      'gpc boolean?',
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

describe('each mistake is reported with its file, line and mend', () => {
  it.each([...plantedInPolicies, ...plantedElsewhere])('$mistake', (planted) => {
    const files = shopWith(planted.file, planted.from, planted.to)
    const text = files.get(planted.reportedIn) ?? ''
    const line = typeof planted.at === 'number' ? planted.at : lineOf(text, planted.at)
    const found = faultsOf(files).filter((fault) => fault.code === planted.code)
    expect(found).toContainEqual(expect.objectContaining({ file: planted.reportedIn, line }))
    expect(found.map((fault) => `${fault.what}. ${fault.mend}.`).join('\n')).toContain(planted.says)
  })

  it('a verb that makes a leaf another type than in the other branch', () => {
    const files = shopWith(TIPS, 'geo.country: keep', 'id: keep')
    files.set(TIPS, files.get(TIPS)?.replace('at: day', 'id: in(lists/words.txt)') ?? '')
    expect(faultsOf(files)).toEqual([
      expect.objectContaining({ file: TIPS, line: 15, code: 'WEIR_CONTRACT_TYPE_CHANGED' }),
    ])
    expect(faultsOf(files)[0]?.what).toContain('shop/tips.2.yaml:9')
  })

  it('two records whose types would get one name', () => {
    const files = shopWith(EVENT, '"name": "geo"', '"name": "shopEvent"')
    files.set(TIPS, files.get(TIPS)?.replace('geo.country', 'shopEvent.country') ?? '')
    files.set(COUNTS, files.get(COUNTS)?.replace('geo.home', 'shopEvent.home') ?? '')
    expect(faultsOf(files)).toContainEqual(
      expect.objectContaining({ file: OLD_TIPS, code: 'WEIR_CONTRACT_NAME_CLASH' }),
    )
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
      'shop/tips.2.yaml:9 WEIR_CONTRACT_UNKNOWN_VERB',
      'shop/tips.2.yaml:9 WEIR_CONTRACT_UNKNOWN_FIELD',
    ])
    expect(error?.message).toContain(
      'shop/tips.2.yaml:9: event.avsc has no geo.contry. Did you mean geo.country? [WEIR_CONTRACT_UNKNOWN_FIELD]',
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
    ['shop/cases.yaml', 'NOT_YET'],
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
      ['shop', ['shop.tips', 'shop.counts']],
      ['web', ['web.counts']],
    ])
  })
})

function errorOf(files: ReadonlyMap<string, string>): ContractError | null {
  try {
    loadContracts(files)
    return null
  } catch (error) {
    if (error instanceof ContractError) return error
    throw error
  }
}

function faultsOf(files: ReadonlyMap<string, string>) {
  return errorOf(files)?.faults ?? []
}

function lineOf(text: string, part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part)) + 1
}

function shown(branch: Branch): string[] {
  return branch.leaves.map((leaf) => `${leaf.path.join('.')} ${leaf.verb.kind}`)
}
