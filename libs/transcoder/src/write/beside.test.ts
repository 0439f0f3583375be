import type { Branch, Sensitive, Verb } from '@weir/contracts'
import { expect, test } from 'vitest'
import { ByteSink } from '../byte-sink.ts'
import { block, join, long, text } from '../fixtures/avro-bytes.ts'
import { SideBySide } from '../fixtures/side-by-side.ts'
import { Marks } from '../read/marks.ts'
import { compileTranscoder } from '../transcoder.ts'

/** What lies right beside what is kept must not be taken for it. */

const KEEP: Verb = { kind: 'keep' }

test('Records of one chunk each give their own values, in whatever buffers they lie', () => {
  const raw = record('Raw', { hidden: 'string', kept: 'string', count: 'double' })
  const clean = record('Clean', { kept: nullable('string'), count: nullable('double') })
  const transcoder = compileTranscoder(raw, [{ cleanSchema: clean, branch: branch(['kept', 'count']) }])
  const events = ['a', 'bb', 'a longer text than the others have', ''].map((name, i) => {
    const count = Buffer.alloc(8)
    count.writeDoubleLE(i)
    const kept = join(text(`kept of ${name}`), count)
    return {
      bytes: join(text(name.repeat(i)), kept),
      clean: join(long(1), text(`kept of ${name}`), long(1), count),
    }
  })
  const marks = new Marks()
  const together = join(...events.map(({ bytes }) => bytes))
  let at = 0
  const records = events.flatMap(({ bytes }) => {
    const start = at
    at += bytes.length
    // Of one size, so that a position of one lies within any other.
    const alone = Buffer.alloc(together.length, bytes)
    return [transcoder.read(alone, 0, bytes.length, marks), transcoder.read(together, start, at, marks)]
  })
  for (const index of records.toReversed()) {
    const sink = new ByteSink()
    expect(transcoder.branches[0]?.write(marks, index, sink, null, false)).toBe(true)
    expect(sink.written()).toEqual(events[index >> 1]?.clean)
  }
})

test('Of a map, keys that begin with an allowed one, or that it begins with, stay behind', () => {
  const both = new SideBySide(
    record('Raw', { map: { type: 'map', values: 'string' } }),
    record('Clean', { map: nullable({ type: 'map', values: nullable('string') }) }),
    branch(['map', '{ab}']),
  )
  const entry = (key: string) => join(text(key), text(`of ${key}`))
  expect(both.compiled(block(...['a', 'abc', 'ab', 'b', '', 'ab '].map(entry)), false, false)).toEqual(
    join(long(1), block(join(text('ab'), long(1), text('of ab')))),
  )
  expect(both.compiled(block(entry('abc'), entry('a')), false, false)).toEqual(join(long(1), long(0)))
})

test.each([
  ['an event', ['flags', '{g,f}']],
  ['an element', ['items', '[]', '{g,f}']],
])('Of several values that can make %s sensitive any does', (_what, by) => {
  const flags = { type: 'map', values: 'string' }
  const sensitive: Sensitive = { by, file: 'list', values: new Set(['bad']), needs: 'health' }
  const both = new SideBySide(
    record('Raw', { flags, items: { type: 'array', items: flags } }),
    record('Clean', {
      items: nullable({ type: 'array', items: nullable({ type: 'map', values: nullable('string') }) }),
    }),
    { ...branch(['items', '[]', '{g}']), sensitive },
  )
  const map = block(join(text('g'), text('good')), join(text('f'), text('bad')))
  const event = join(map, block(map))
  const out = both.compiled(event, false, false)
  expect(out).toEqual(by[0] === 'flags' ? null : join(long(1), long(0)))
  const shown = join(long(1), block(join(long(1), block(join(text('g'), long(1), text('good'))))))
  expect(both.compiled(event, false, true)).toEqual(shown)
})

function record(name: string, fields: Readonly<Record<string, unknown>>) {
  return { type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }
}

function nullable(type: unknown) {
  return ['null', type]
}

/** Keeps one leaf below arrays and maps, or several at the top. */
function branch(path: readonly string[]): Branch {
  const nested = path.some((step) => step === '[]' || step.startsWith('{'))
  const leaves = (nested ? [path] : path.map((name) => [name])).map((one) => ({ path: one, verb: KEEP }))
  return { leaves, events: [], only: [], sensitive: null }
}
