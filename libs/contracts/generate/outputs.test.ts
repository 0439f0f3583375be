import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generated } from './outputs.ts'

describe('what is generated from the language', () => {
  it.each([...generated()])('is what lies in %s: else run `npm run generate -w @weir/contracts`', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})
