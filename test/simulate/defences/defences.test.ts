import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { expect, test } from 'vitest'
import { DIRECTED } from '../schedule/index.ts'
import { defences } from './index.ts'
import { replaced } from './replaced-source.ts'

const root = new URL('../../../', import.meta.url)

test('each defence stands in the code exactly once, and without it the code can still be read, line for line', () => {
  for (const { name, edits } of defences) {
    const texts = new Map<string, string>()
    for (const edit of edits) {
      const before = texts.get(edit.file) ?? readFileSync(new URL(edit.file, root), 'utf8')
      texts.set(edit.file, replaced(before, edit))
    }
    for (const [file, text] of texts) {
      expect(() => stripTypeScriptTypes(text), `${file} without ${name}`).not.toThrow()
      const before = readFileSync(new URL(file, root), 'utf8')
      expect(text.split('\n').length, `lines of ${file} without ${name}`).toBe(before.split('\n').length)
    }
  }
})

test('names are of their own, and what is directed is there', () => {
  expect(new Set(defences.map(({ name }) => name)).size).toBe(defences.length)
  for (const { directed } of defences) if (directed !== undefined) expect(DIRECTED).toContain(directed)
})

test('what stands elsewhere too, or not at all, is no replacement', () => {
  const edit = { file: 'a.ts', find: 'b', replace: 'c' }
  expect(replaced('a b a', edit)).toBe('a c a')
  expect(() => replaced('a b b', edit)).toThrow('more than once')
  expect(() => replaced('a a', edit)).toThrow('does not hold')
})
