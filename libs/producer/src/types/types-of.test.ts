import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everything } from '../../fixtures/everything.ts'
import { typesOf } from './types-of.ts'

const root = resolve(import.meta.dirname, '../../../..')
const sample = JSON.parse(readFileSync(join(root, 'infra/contracts/clickstream/event.avsc'), 'utf8'))

describe('the types of a stream', () => {
  const types = typesOf({ name: 'everything', rawSchema: everything })

  it.each([
    ['a required leaf', '  subjectId: string\n'],
    ['its doc, with the unit', '  /** When. Unix milliseconds, or a Date. */\n  at: number | Date\n'],
    ['a leaf that may be null', '  deviceId?: string | null | undefined\n'],
    ['one that may be null and has no default', '  noDefault?: string | null | undefined\n'],
    ['one with a default, which may not be null', '  yes?: boolean | undefined\n'],
    ['numbers', '  small?: number | undefined\n'],
    ['a long', '  large?: number | bigint | undefined\n'],
    ['bytes', '  bytes?: Uint8Array | undefined\n'],
    ['fixed', '  /** Exactly 4 bytes. */\n  hash?: Uint8Array | null | undefined\n'],
    ['an enum', "export type Kind = 'A' | 'B'\n"],
    ['a list', '  products?: readonly Product[] | undefined\n'],
    ['a map', '  tags?: { [key: string]: number | null } | undefined\n'],
    ['a record inside itself', '  next?: Tree | null | undefined\n'],
    [
      'a doc of two lines, which can not end the comment',
      '/**\n * One of each.\n * On two lines, with *\\/ inside.\n */\n',
    ],
    [
      'a union by its branches, one a line when they are many',
      '  action?:\n    | { View: View }\n    | { Buy: Buy }\n    | { string: string }\n    | { array: readonly (number | bigint)[] }\n    | null\n    | undefined\n',
    ],
  ])('have %s', (_, text) => {
    expect(types).toContain(text)
  })

  it('say who made them, and are the same each time', () => {
    expect(types.split('\n', 1)[0]).toContain('`weir contract types everything`')
    expect(typesOf({ name: 'everything', rawSchema: structuredClone(everything) })).toBe(types)
  })

  it('have names that differ where records share one, or where TypeScript has it already', () => {
    const record = (name: string, namespace: string) => ({ type: 'record', name, namespace, fields: [] })
    const rawSchema = {
      type: 'record',
      name: 'Event',
      fields: [
        { name: 'a', type: record('View', 'shop.web') },
        { name: 'b', type: record('View', 'app') },
        { name: 'c', type: record('Date', '') },
        { name: 'd', type: ['null', 'shop.web.View', 'app.View'] },
      ],
    }
    const text = typesOf({ name: 'e', rawSchema })
    expect(text).toContain('  a: ShopWebView\n  b: AppView\n  c: DateType\n')
    expect(text).toContain("  d?: { 'shop.web.View': ShopWebView } | { 'app.View': AppView } | null | undefined\n")
  })
})

describe('the types of the sample contract, seen by the compiler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-types-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  let said = ''

  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder, 'types.ts'), typesOf({ name: 'clickstream', rawSchema: sample }))
    writeFileSync(join(folder, 'everything.ts'), typesOf({ name: 'everything', rawSchema: everything }))
    writeFileSync(join(folder, 'use.ts'), USE)
    writeFileSync(join(folder, 'slips.ts'), SLIPS)
    const options = '--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --verbatimModuleSyntax'
    const run = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/typescript/lib/tsc.js'),
        ...options.split(' '),
        '--target',
        'es2024',
        '--module',
        'nodenext',
        '--allowImportingTsExtensions',
        ...['use.ts', 'slips.ts'].map((file) => join(folder, file)),
      ],
      { encoding: 'utf8', cwd: folder },
    )
    said = run.stdout + run.stderr
  })

  it('take events as people write them', () => {
    expect(said).toContain('slips.ts')
    expect(said).not.toMatch(/^(use|types|everything)\.ts/m)
  })

  it.each([
    [1, `Did you mean '"search"'?`],
    [2, "Property 'page' is missing"],
    [3, "'titel' does not exist in type 'Page'"],
    [4, "not assignable to type 'number | Date'"],
    [5, "'null' is not assignable to type 'string'"],
  ])('refuse slip %i: %s', (slip, why) => {
    const line = SLIPS.split('\n').findIndex((text) => text.includes(`slip${slip}:`)) + 1
    const lines = said.split('\n').filter((text) => text.startsWith(`slips.ts(${line},`))
    expect(lines.join('\n')).toContain(why)
  })
})

const USE = `import type { ClickstreamEvent } from './types.ts'
import type { Everything } from './everything.ts'

export const least: ClickstreamEvent = {
  eventId: 'x', eventType: 'search', occurredAt: new Date(), subjectId: 'u', sessionId: 's',
  page: { url: 'u', path: 'p' }, device: { userAgent: 'a', ip: 'i', language: 'l' },
}
export const more: ClickstreamEvent = {
  ...least, occurredAt: 5, geo: null, searchQuery: undefined, experiments: { a: 'b' },
  product: { sku: 's', category: 'c', priceCents: 5n, currency: 'EUR' }, context: { gpc: true },
}
export const all: Everything = {
  subjectId: 'u', at: 1, hash: new Uint8Array(4), products: [{ sku: 'a', tags: { x: null } }],
  action: { Buy: { product: { sku: 'b' } } }, twins: { int: 3 }, tree: { next: { next: null } },
}
`

const SLIPS = `import type { ClickstreamEvent } from './types.ts'
import { least } from './use.ts'

export const slip1: ClickstreamEvent = { ...least, eventType: 'serach' }
export const slip2: ClickstreamEvent = { eventId: 'x', eventType: 'other', occurredAt: 1, subjectId: 'u', sessionId: 's', device: least.device }
export const slip3: ClickstreamEvent = { ...least, page: { url: 'u', path: 'p', titel: 't' } }
export const slip4: ClickstreamEvent = { ...least, occurredAt: '2026-01-01' }
export const slip5: ClickstreamEvent = { ...least, subjectId: null }
`
