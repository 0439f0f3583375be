import type { Branch, Verb } from '@weir/contracts'
import { afterEach, expect, test, vi } from 'vitest'
import { block, join, long, text } from '../fixtures/avro-bytes.ts'
import { SideBySide } from '../fixtures/side-by-side.ts'

/** What would run if it stood in the text, in every way in which text can be left. */
const HOSTILE = `x\`"'*/\n\u2028;}globalThis["hostile"]=1;//\${globalThis["hostile"]=1}`

afterEach(() => {
  vi.unstubAllGlobals()
})

test('the text of routines holds no word of a schema, a contract or an event', () => {
  const texts: string[] = []
  const spy = new Proxy(Function, {
    construct(original, parts: readonly string[]) {
      // avsc, under the reference, makes functions too.
      if (parts[0] === 'helpers') texts.push(...parts)
      return Reflect.construct(original, parts)
    },
  })
  vi.stubGlobal('Function', spy)

  const keep: Verb = { kind: 'keep' }
  const leaf = { type: 'enum', name: `E${HOSTILE}`, symbols: [HOSTILE, 'b'], default: HOSTILE }
  const view = record(`V${HOSTILE}`, { [HOSTILE]: 'string' })
  const raw = record(`R${HOSTILE}`, {
    [HOSTILE]: 'string',
    [`${HOSTILE}1`]: { type: 'map', values: 'string' },
    [`${HOSTILE}2`]: { type: 'array', items: record(`I${HOSTILE}`, { [HOSTILE]: 'string' }) },
    [`${HOSTILE}3`]: ['null', 'long', view],
    [`${HOSTILE}4`]: leaf,
  })
  const clean = record(`C${HOSTILE}`, {
    [HOSTILE]: nullable('string'),
    [`${HOSTILE}1`]: nullable({ type: 'map', values: nullable('string') }),
    [`${HOSTILE}2`]: nullable({
      type: 'array',
      items: nullable(record(`CI${HOSTILE}`, { [HOSTILE]: nullable('string') })),
    }),
    [`${HOSTILE}3`]: nullable(
      record(`CU${HOSTILE}`, { [`V${HOSTILE}`]: nullable(record('CV', { [HOSTILE]: nullable('string') })) }),
    ),
    [`${HOSTILE}4`]: nullable({ ...leaf, symbols: ['b', HOSTILE] }),
  })
  const verbs: readonly Verb[] = [
    { kind: 'set', constant: HOSTILE },
    { kind: 'in', file: HOSTILE, values: new Set([HOSTILE]) },
    { kind: 'routes', patterns: [HOSTILE, `/${HOSTILE}`] },
    { kind: 'pseudonymize' },
    keep,
  ]
  for (const verb of verbs) {
    const branch: Branch = {
      leaves: [
        { path: [HOSTILE], verb },
        { path: [`${HOSTILE}1`, `{${HOSTILE.replaceAll(/[{}]/g, '')}}`], verb },
        { path: [`${HOSTILE}2`, '[]', HOSTILE], verb },
        { path: [`${HOSTILE}4`], verb: keep },
      ],
      events: [{ path: [HOSTILE], constants: [HOSTILE] }],
      only: [
        {
          when: [{ path: [`${HOSTILE}4`], constants: [HOSTILE] }],
          leaves: [{ path: [`${HOSTILE}3`, `<V${HOSTILE}>`, HOSTILE], verb }],
        },
      ],
      sensitive: { by: [`${HOSTILE}2`, '[]', HOSTILE], file: HOSTILE, values: new Set([HOSTILE]), needs: HOSTILE },
    }
    const both = new SideBySide(raw, clean, branch)
    const word = text(HOSTILE)
    const map = block(join(text(HOSTILE.replaceAll(/[{}]/g, '')), word))
    const event = join(word, map, block(word, text('b')), long(2), word, long(0))
    expect(both.compiled(event, true, false)).toEqual(both.reference(event, true, false))
  }

  expect(texts.length).toBeGreaterThan(verbs.length * 5)
  for (const one of texts) {
    expect(one).not.toContain('hostile')
    // Words, numbers and signs of our own; the only quotes are those of 'use strict'.
    expect(one.replaceAll("'use strict'", '')).toMatch(/^[\w\s.,;:(){}[\]<>=+\-*&|!?>%^/$]*$/)
  }
  expect(globalThis).not.toHaveProperty('hostile')
})

function record(name: string, fields: Readonly<Record<string, unknown>>): object {
  return { type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }
}

function nullable(type: unknown): readonly unknown[] {
  return ['null', type]
}
