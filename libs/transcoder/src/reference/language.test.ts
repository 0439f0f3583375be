import {
  type Branch,
  type BranchLeaf,
  type LeafIs,
  type OnlyWhen,
  pathText,
  type Sensitive,
  type Verb,
} from '@weir/contracts'
import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { CleanSchemaError, FaultCode, RewriteFault } from '../faults.ts'
import { type Clean, readStrict } from '../fixtures/read-strict.ts'
import { compileRewriter } from './rewriter.ts'

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]

const record = (name: string, fields: Readonly<Record<string, unknown>>) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
})
const list = (items: unknown) => ({ type: 'array', items })
const map = (values: unknown) => ({ type: 'map', values })
const opt = (type: unknown) => ['null', type]

const RAW = record('Event', {
  kind: { type: 'enum', name: 'Kind', symbols: ['view', 'buy', 'other'], default: 'other' },
  products: opt(list(record('Product', { sku: 'string', category: opt('string'), sizes: list('int') }))),
  grid: list(list('string')),
  flags: map('string'),
  scores: map(record('Score', { value: 'int', secret: 'string' })),
  action: ['null', record('View', { seconds: 'int', full: 'boolean' }), record('Buy', { cents: 'long' }), 'string'],
  note: opt('string'),
})

const CLEAN = record('CleanEvent', {
  kind: opt({ type: 'enum', name: 'CleanKind', symbols: ['view', 'buy', 'other'], default: 'other' }),
  products: opt(
    list(opt(record('Products', { sku: opt('string'), category: opt('string'), sizes: opt(list(opt('int'))) }))),
  ),
  grid: opt(list(opt(list(opt('string'))))),
  flags: opt(map(opt('string'))),
  scores: opt(map(opt(record('Scores', { value: opt('int') })))),
  action: opt(
    record('Action', {
      View: opt(record('ActionView', { seconds: opt('int') })),
      Buy: opt(record('ActionBuy', { cents: opt('long') })),
      string: opt('string'),
    }),
  ),
  note: opt('string'),
})

const EVENT = {
  kind: 'view',
  products: [
    { sku: 'S-1', category: 'shoes', sizes: [41, 42] },
    { sku: 'P-1', category: 'pills', sizes: [] },
    { sku: 'N-1', category: null, sizes: [1] },
  ],
  grid: [['a', 'b'], [], ['pills']],
  flags: { risk: 'high', channel: 'web', user: 'anna' },
  scores: { risk: { value: 1, secret: 's' }, luck: { value: 2, secret: 't' } },
  action: { View: { seconds: 7, full: true } },
  note: 'pills',
}

const KEEP: Verb = { kind: 'keep' }
const LISTED = new Set(['pills'])

/** A path as the tests write it. */
function path(text: string): string[] {
  return text.match(/\[\]|\{[^}]*\}|<[^>]*>|\w+/g) ?? []
}

function lines(given: Readonly<Record<string, Verb>>): BranchLeaf[] {
  return Object.entries(given).map(([text, verb]) => ({ path: path(text), verb }))
}

function branch(given: Readonly<Record<string, Verb>>, rest: Partial<Branch> = {}): Branch {
  return { leaves: lines(given), events: [], only: [], sensitive: null, ...rest }
}

const is = (text: string, ...constants: LeafIs['constants']): LeafIs => ({ path: path(text), constants })

const sensitive = (by: string): { readonly sensitive: Sensitive } => ({
  sensitive: { by: path(by), file: 'lists/health.txt', values: LISTED, needs: 'health' },
})

interface Run {
  readonly raw?: unknown
  readonly clean?: unknown
  readonly allowed?: boolean
}

function encode(schema: unknown, event: object): Buffer {
  return avro.Type.forSchema(structuredClone(schema) as AvscSchema, { wrapUnions: 'auto' }).toBuffer(event)
}

function rewritten(
  event: object,
  rules: Branch,
  { raw = RAW, clean = CLEAN, allowed = false }: Run = {},
): Buffer | null {
  const bytes = encode(raw, event)
  const pseudonym = (of: readonly string[], value: Uint8Array) => `${pathText(of)}=${Buffer.from(value).toString()}`
  return compileRewriter(raw, clean, rules).rewrite(bytes, 0, bytes.length, pseudonym, allowed)
}

/** The clean event without its fields at the top that are null. */
function shown(event: object, rules: Branch, run: Run = {}): Clean {
  const bytes = rewritten(event, rules, run)
  if (bytes === null) return null
  const all = Object.entries(readStrict(run.clean ?? CLEAN, bytes) as { readonly [name: string]: Clean })
  return Object.fromEntries(all.filter(([, value]) => value !== null))
}

describe('arrays', () => {
  test('show each element as far as lines lead, in its place, also where a leaf of it is null', () => {
    expect(shown(EVENT, branch({ 'products[].category': KEEP, 'products[].sizes[]': KEEP }))).toEqual({
      products: [
        { sku: null, category: 'shoes', sizes: [41n, 42n].map(Number) },
        { sku: null, category: 'pills', sizes: [] },
        { sku: null, category: null, sizes: [1] },
      ],
    })
  })

  test('keep their length where a verb hides elements', () => {
    const verb: Verb = { kind: 'in', file: 'lists/x.txt', values: new Set(['b']) }
    expect(shown(EVENT, branch({ 'grid[][]': verb }))).toEqual({ grid: [[null, 'b'], [], [null]] })
  })

  test('are null where they are null, and one zero where they are empty', () => {
    expect(shown({ ...EVENT, products: null }, branch({ 'products[].sku': KEEP }))).toEqual({})
    const rules = branch({ 'products[].sku': KEEP })
    expect(rewritten({ ...EVENT, products: [] }, rules)?.toString('hex')).toBe(
      '00' + '0200' + '00' + '00' + '00' + '00' + '00',
    )
  })

  test('are written as one block, however they came', () => {
    const rules = branch({ 'grid[][]': KEEP })
    const raw = record('Event', { grid: list(list('string')) })
    const clean = record('CleanEvent', { grid: opt(list(opt(list(opt('string'))))) })
    const rewriter = compileRewriter(raw, clean, rules)
    const plain = Buffer.from('04' + '02026100' + '00' + '00', 'hex')
    const blocks = Buffer.from('010a' + '0104026100' + '02' + '00' + '00', 'hex')
    const expected = '02' + '04' + '02' + '02' + '02' + '0261' + '00' + '02' + '00' + '00'
    expect(rewriter.rewrite(plain, 0, plain.length, null, false)?.toString('hex')).toBe(expected)
    expect(rewriter.rewrite(blocks, 0, blocks.length, null, false)?.toString('hex')).toBe(expected)
  })
})

describe('maps', () => {
  test('show the named keys that are there, in the order of the policy', () => {
    expect(shown(EVENT, branch({ 'flags{channel,none,risk}': KEEP }))).toEqual({
      flags: [
        ['channel', 'web'],
        ['risk', 'high'],
      ],
    })
    expect(shown({ ...EVENT, flags: {} }, branch({ 'flags{channel}': KEEP }))).toEqual({ flags: [] })
  })

  test('show the last of entries with one key, and order keys that look like numbers as the policy does', () => {
    const raw = record('Event', { flags: map('string') })
    const clean = record('CleanEvent', { flags: opt(map(opt('string'))) })
    const entry = (key: string, value: string) => `${hexText(key)}${hexText(value)}`
    const bytes = Buffer.from(`08${entry('2', 'a')}${entry('10', 'b')}${entry('x', 'c')}${entry('2', 'd')}00`, 'hex')
    const rewriter = compileRewriter(raw, clean, branch({ 'flags{10,2}': KEEP }))
    const out = rewriter.rewrite(bytes, 0, bytes.length, null, false)
    expect(readStrict(clean, out ?? Buffer.alloc(0))).toEqual({
      flags: [
        ['10', 'b'],
        ['2', 'd'],
      ],
    })
  })

  test('take lines of several leaves and keys together', () => {
    expect(shown(EVENT, branch({ 'scores{luck,risk}.value': KEEP }))).toEqual({
      scores: [
        ['luck', { value: 2 }],
        ['risk', { value: 1 }],
      ],
    })
    const first: Verb = { kind: 'first', characters: 1 }
    expect(shown(EVENT, branch({ 'flags{risk}': first, 'flags{channel}': KEEP }))).toEqual({
      flags: [
        ['risk', 'h'],
        ['channel', 'web'],
      ],
    })
  })

  test('keep a key whose value a verb makes null, since its presence shows', () => {
    const verb: Verb = { kind: 'in', file: 'lists/x.txt', values: new Set() }
    expect(shown(EVENT, branch({ 'flags{risk}': verb }))).toEqual({ flags: [['risk', null]] })
  })

  test('give pseudonyms of each key by itself, however many a line names', () => {
    expect(shown(EVENT, branch({ 'flags{user,risk}': { kind: 'pseudonymize' } }))).toEqual({
      flags: [
        ['user', 'flags{user}=anna'],
        ['risk', 'flags{risk}=high'],
      ],
    })
  })
})

describe('unions', () => {
  const both = branch({ 'action<View>.seconds': KEEP, 'action<Buy>.cents': KEEP })

  test('show the branch that the value has', () => {
    expect(shown(EVENT, both)).toEqual({ action: { View: { seconds: 7 }, Buy: null, string: null } })
    expect(shown({ ...EVENT, action: { Buy: { cents: 5 } } }, both)).toEqual({
      action: { View: null, Buy: { cents: 5n }, string: null },
    })
  })

  test('are null for branches that are not named, as for null', () => {
    expect(shown({ ...EVENT, action: { string: 'x' } }, both)).toEqual({})
    expect(shown({ ...EVENT, action: null }, both)).toEqual({})
  })

  test('have branches that are plain types too', () => {
    const rules = branch({ 'action<string>': { kind: 'first', characters: 2 } })
    expect(shown({ ...EVENT, action: { string: 'xyz' } }, rules)).toEqual({
      action: { View: null, Buy: null, string: 'xy' },
    })
    expect(shown(EVENT, rules)).toEqual({})
  })

  test('are found by the full name too, and in an older schema that had one type alone', () => {
    const raw = record('Event', { action: { ...record('View', { seconds: 'int' }), namespace: 'shop.web' } })
    const clean = record('CleanEvent', {
      action: opt(
        record('Action', {
          View: opt(record('A', { seconds: opt('int') })),
          shop_web_View: opt(record('B', { seconds: opt('int') })),
        }),
      ),
    })
    const event = { action: { seconds: 3 } }
    const asShort = shown(event, branch({ 'action<View>.seconds': KEEP }), { raw, clean })
    expect(asShort).toEqual({ action: { View: { seconds: 3 }, shop_web_View: null } })
    const rules: Branch = { ...both, leaves: [{ path: ['action', '<shop.web.View>', 'seconds'], verb: KEEP }] }
    expect(shown(event, rules, { raw, clean })).toEqual({ action: { View: null, shop_web_View: { seconds: 3 } } })
  })

  test('are null behind a line that names no branch, and their branch behind one that the schema lacks', () => {
    const clean = record('CleanEvent', {
      note: opt('string'),
      action: opt(record('Action', { Sell: opt(record('S', { cents: opt('long') })) })),
    })
    const raw = record('Event', {
      note: ['null', 'string', 'long'],
      action: ['null', record('Buy', { cents: 'long' }), 'string'],
    })
    const rules = branch({ note: KEEP, 'action<Sell>.cents': KEEP })
    expect(shown({ note: 'x', action: { cents: 1 } }, rules, { raw, clean })).toEqual({})
  })
})

describe('set', () => {
  test('writes its constant where the leaf is there, and null stays null', () => {
    const rules = branch({ note: { kind: 'set', constant: 'yes' }, 'grid[][]': { kind: 'set', constant: 'x' } })
    expect(shown(EVENT, rules)).toEqual({ note: 'yes', grid: [['x', 'x'], [], ['x']] })
    expect(shown({ ...EVENT, note: null, grid: [] }, rules)).toEqual({ grid: [] })
  })
})

describe('events', () => {
  test('give no output unless each leaf has one of its constants', () => {
    const rules = branch({ note: KEEP }, { events: [is('kind', 'view', 'buy'), is('note', 'pills')] })
    expect(shown(EVENT, rules)).toEqual({ note: 'pills' })
    expect(shown({ ...EVENT, kind: 'buy' }, rules)).toEqual({ note: 'pills' })
    expect(rewritten({ ...EVENT, kind: 'other' }, rules)).toBeNull()
    expect(rewritten({ ...EVENT, note: null }, rules)).toBeNull()
    expect(rewritten({ ...EVENT, note: 'Pills' }, rules)).toBeNull()
  })

  test.each<[string, LeafIs['constants'], boolean]>([
    ['action<View>.seconds', [7], true],
    ['action<View>.seconds', [8, 7.5], false],
    ['action<View>.seconds', ['7'], false],
    ['action<View>.full', [true], true],
    ['action<View>.full', [false], false],
    ['action<Buy>.cents', [7], false],
    ['nothing', ['x'], false],
    ['products', ['x'], false],
  ])('ask for %s to be one of %j: %s', (text, constants, passes) => {
    const rules = branch({ note: KEEP }, { events: [is(text, ...constants)] })
    expect(rewritten(EVENT, rules) !== null).toBe(passes)
  })

  test('compare longs exactly, and floats as floats', () => {
    const raw = record('Event', { n: 'long', f: 'float', note: opt('string') })
    const asking = (leaf: LeafIs) => branch({ note: KEEP }, { events: [leaf] })
    const bytes = Buffer.from('82808080808080' + '20' + 'cdcccc3d' + '00', 'hex') // 2^53 + 1; 0.1
    const passes = (leaf: LeafIs) =>
      compileRewriter(raw, CLEAN, asking(leaf)).rewrite(bytes, 0, bytes.length, null, false) !== null
    expect(passes(is('n', 2 ** 53))).toBe(false)
    expect(passes(is('f', 0.1))).toBe(true)
    expect(passes(is('f', 0.2))).toBe(false)
  })
})

describe('only', () => {
  const only: readonly OnlyWhen[] = [
    { when: [is('kind', 'buy')], leaves: lines({ 'action<Buy>.cents': KEEP, note: { kind: 'first', characters: 1 } }) },
    { when: [is('kind', 'buy', 'view'), is('note', 'pills')], leaves: lines({ note: KEEP, 'flags{risk}': KEEP }) },
  ]
  const rules = branch({ kind: KEEP }, { only })

  test('adds leaves when all its conditions hold', () => {
    expect(shown(EVENT, rules)).toEqual({ kind: 'view', note: 'pills', flags: [['risk', 'high']] })
    expect(shown({ ...EVENT, note: 'x' }, rules)).toEqual({ kind: 'view' })
    const bought = { ...EVENT, kind: 'buy', note: 'x', action: { Buy: { cents: 5 } } }
    expect(shown(bought, rules)).toEqual({
      kind: 'buy',
      note: 'x',
      action: { View: null, Buy: { cents: 5n }, string: null },
    })
    expect(shown({ ...EVENT, kind: 'other' }, rules)).toEqual({ kind: 'other' })
  })

  test('is asked anew for each event', () => {
    const rewriter = compileRewriter(RAW, CLEAN, rules)
    const events = [EVENT, { ...EVENT, note: 'x' }, { ...EVENT, kind: 'other' }, EVENT]
    for (const event of events) {
      const bytes = encode(RAW, event)
      expect(rewriter.rewrite(bytes, 0, bytes.length, null, false)).toEqual(rewritten(event, rules))
    }
  })

  test('of two that add one leaf, has the first decide', () => {
    expect(shown({ ...EVENT, kind: 'buy' }, rules)).toMatchObject({ note: 'p' })
  })
})

describe('sensitive', () => {
  test('drops the elements of an array that have a listed value, unless it may pass', () => {
    const rules = branch({ 'products[].sku': KEEP }, sensitive('products[].category'))
    const skus = (value: Clean) =>
      (value as { readonly products: readonly { readonly sku: string }[] }).products.map(({ sku }) => sku)
    expect(skus(shown(EVENT, rules))).toEqual(['S-1', 'N-1'])
    expect(skus(shown(EVENT, rules, { allowed: true }))).toEqual(['S-1', 'P-1', 'N-1'])
  })

  test('leaves an empty array where all elements are dropped', () => {
    const rules = branch({ 'products[].sku': KEEP }, sensitive('products[].category'))
    const product = { sku: 'x', category: 'pills', sizes: [] }
    expect(shown({ ...EVENT, products: [product, product] }, rules)).toEqual({ products: [] })
  })

  test('drops from the innermost array', () => {
    expect(shown(EVENT, branch({ 'grid[][]': KEEP }, sensitive('grid[][]')))).toEqual({ grid: [['a', 'b'], [], []] })
  })

  test('drops the whole event outside arrays', () => {
    const rules = branch({ kind: KEEP }, sensitive('note'))
    expect(rewritten(EVENT, rules)).toBeNull()
    expect(shown(EVENT, rules, { allowed: true })).toEqual({ kind: 'view' })
    expect(shown({ ...EVENT, note: 'Pills' }, rules)).toEqual({ kind: 'view' })
    expect(shown({ ...EVENT, note: null }, rules)).toEqual({ kind: 'view' })
  })

  test('compares symbols, and numbers by their decimal text', () => {
    const values = new Set(['view', '7'])
    for (const by of ['kind', 'action<View>.seconds']) {
      const rules = branch({ note: KEEP }, { sensitive: { ...sensitive(by).sensitive, values } })
      expect(rewritten(EVENT, rules)).toBeNull()
      expect(rewritten({ ...EVENT, kind: 'buy', action: null }, rules)).not.toBeNull()
    }
  })

  test('has nothing to say where the schema lacks its leaf, or the value another branch', () => {
    expect(rewritten(EVENT, branch({ note: KEEP }, sensitive('products2[].category')))).not.toBeNull()
    expect(rewritten(EVENT, branch({ note: KEEP }, sensitive('action<Buy>.none')))).not.toBeNull()
  })

  test.each([
    ['the event', 'note', ['null', 'string', 'long']],
    ['the event', 'note', 'double'],
  ])('makes a writer schema unusable that has its leaf of %s in a form it cannot read', (_what, by, type) => {
    const raw = record('Event', { kind: 'string', note: type })
    const clean = record('CleanEvent', { kind: opt('string') })
    const bytes = Buffer.alloc(1)
    const rewriter = compileRewriter(raw, clean, branch({ kind: KEEP }, sensitive(by)))
    expect(faultOf(() => rewriter.rewrite(bytes, 0, 1, null, true))).toBe(FaultCode.unusableSchema)
  })

  test('does so for leaves of elements too', () => {
    const raw = record('Event', { products: list(record('P', { sku: 'string', category: ['string', 'int'] })) })
    const rewriter = compileRewriter(raw, CLEAN, branch({ 'products[].sku': KEEP }, sensitive('products[].category')))
    expect(faultOf(() => rewriter.rewrite(Buffer.alloc(1), 0, 1, null, false))).toBe(FaultCode.unusableSchema)
  })
})

describe('a branch and a clean schema that do not fit each other', () => {
  test.each<[string, Branch]>([
    ['an array as a leaf', branch({ grid: KEEP })],
    ['a map without keys', branch({ flags: KEEP })],
    ['a union without a branch', branch({ action: KEEP })],
    ['a branch that is not there', branch({ 'action<Sell>.cents': KEEP })],
    ['elements of no array', branch({ 'note[]': KEEP })],
    ['keys of no map', branch({ 'note{a}': KEEP })],
    ['an unknown leaf of only', branch({}, { only: [{ when: [], leaves: lines({ more: KEEP }) }] })],
    ['a constant of another type', branch({ note: { kind: 'set', constant: 5 } })],
    ['a bound that the type cannot hold', branch({ 'action<Buy>.cents': { kind: 'bucket', bounds: [0.5] } })],
  ])('are a bug of the contract: %s', (_what, rules) => {
    expect(() => compileRewriter(RAW, CLEAN, rules)).toThrow(CleanSchemaError)
  })

  test.each<[string, unknown]>([
    ['a field of two types', ['null', 'string', 'long']],
    ['null not first', ['string', 'null']],
    ['elements that can not be null', opt(list('string'))],
    ['values that can not be null', opt(map('string'))],
    ['a field inside that can not be null', opt(list(opt(record('R', { x: 'string' }))))],
  ])('so is %s', (_what, type) => {
    expect(() => compileRewriter(RAW, record('CleanEvent', { note: type }), branch({}))).toThrow(CleanSchemaError)
  })
})

function hexText(text: string): string {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length * 2), bytes]).toString('hex')
}

function faultOf(action: () => unknown): FaultCode {
  try {
    action()
  } catch (error) {
    if (error instanceof RewriteFault) return error.fault
    throw error
  }
  return FaultCode.ok
}
