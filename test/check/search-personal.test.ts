import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ENCODINGS, type Encoding, encodingsOf } from './encodings.ts'
import { syntheticRun } from './fixtures/synthetic-run.ts'
import { personalValues } from './personal-values.ts'
import { readRawRows } from './raw-rows.ts'
import { searchPersonal } from './search-personal.ts'

const { evidence, topics, contract } = syntheticRun()
const raw = topics.get('made.clickstream.raw') ?? []
const { good } = readRawRows(raw, contract, evidence.schemas, evidence.referenceKey)
const leaves = personalValues(good, contract)
const rawBytes = raw.flatMap(({ key, value }) => [key, value]).filter((bytes) => bytes !== null)
const rawHaystack = { name: 'raw', bytes: rawBytes }

test('every leaf tagged as personal has values to search for, and all of them are found in raw', () => {
  const search = searchPersonal(leaves, [], rawHaystack)
  expect(search.unsearched).toEqual([])
  expect(search.notInRaw).toEqual([])
  expect(search.values).toBeGreaterThan(1000)
})

test('a leaf that a policy keeps is not searched; one that it never shows is', () => {
  const paths = leaves.map((leaf) => leaf.path)
  expect(paths).toEqual(
    expect.arrayContaining(['email', 'subjectId', 'eventId', 'page.path', 'searchQuery', 'geo.latitude']),
  )
  expect(paths).not.toContain('geo.country')
  expect(paths).not.toContain('product.sku')
})

test('clean topics, consent topics and quarantine headers of a right run hold none of them', () => {
  const haystacks = [...topics]
    .filter(([name]) => !name.endsWith('.raw') && !name.endsWith('.quarantine'))
    .map(([name, records]) => ({
      name,
      bytes: records.flatMap(({ key, value }) => [key, value]).filter((b) => b !== null),
    }))
  expect(searchPersonal(leaves, haystacks, rawHaystack).found).toEqual([])
})

test('a value is found in every encoding, wherever in base64 it begins', () => {
  const email = leaves.find((leaf) => leaf.path === 'email')?.values[0] as Buffer
  const hidden: Record<Encoding, Buffer> = {
    plain: Buffer.concat([Buffer.from('xy'), email, Buffer.from('z')]),
    hex: Buffer.from(`ab${email.toString('hex')}cd`),
    'base64 +0': base64('', email),
    'base64 +1': base64('a', email),
    'base64 +2': base64('ab', email),
    'sha-256': createHash('sha256').update(email).digest(),
    'sha-256 hex': Buffer.from(createHash('sha256').update(email).digest('hex')),
  }
  for (const encoding of ENCODINGS) {
    const { found } = searchPersonal(leaves, [{ name: 'log', bytes: [hidden[encoding]] }], rawHaystack)
    expect(found, encoding).toContainEqual({ haystack: 'log', path: 'email', encoding, times: 1 })
  }
})

test('base64 needles hold no character that depends on what stands around the value', () => {
  const value = Buffer.from('person@mail.example')
  for (const [encoding, needle] of encodingsOf(value)) {
    const shift = Number(/base64 \+(\d)/.exec(encoding)?.[1] ?? Number.NaN)
    if (Number.isNaN(shift)) continue
    for (const around of ['\0\0\0', '\xff\xff\xff']) {
      const text = Buffer.from(around.slice(0, shift) + value.toString('latin1') + around, 'latin1').toString('base64')
      expect(text).toContain(needle.toString())
    }
  }
})

function base64(before: string, value: Buffer): Buffer {
  return Buffer.from(Buffer.concat([Buffer.from(before), value, Buffer.from('tail')]).toString('base64'))
}
