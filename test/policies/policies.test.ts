import { type Branch, lintContracts, loadContracts, type Verb } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { missed } from './find-planted.ts'
import { plantedMistakes } from './planted.ts'
import { presets } from './presets.ts'
import { runCases } from './run-cases.ts'

/** A verb that is missing here does not compile. */
const VERBS: Readonly<Record<Verb['kind'], true>> = {
  keep: true,
  pseudonymize: true,
  hour: true,
  day: true,
  month: true,
  prefix: true,
  decimals: true,
  bucket: true,
  family: true,
  host: true,
  first: true,
  routes: true,
  in: true,
  set: true,
}

const all = presets()
const mistakes = plantedMistakes()

describe.each(all)('the preset $name', (preset) => {
  it('has nothing that lint would have mended', () => {
    expect(lintContracts(preset.files).findings.filter(({ severity }) => severity !== 'note')).toEqual([])
  })

  it('shows what its cases say', () => {
    const { passed, failures } = runCases(preset)
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThanOrEqual(15)
  })
})

describe('the presets together', () => {
  const outputs = all.flatMap(({ files }) => loadContracts(files).streams.flatMap((stream) => stream.outputs))
  const branches = outputs.flatMap(({ policies, otherwise }) => [
    ...policies.map(({ granted }) => granted),
    ...(otherwise === null ? [] : [otherwise]),
  ])
  const leaves = branches.flatMap((branch) => [...branch.leaves, ...branch.only.flatMap((only) => only.leaves)])

  it('use every verb', () => {
    const used = new Set(leaves.map(({ verb }) => verb.kind))
    expect(Object.keys(VERBS).filter((kind) => !used.has(kind as Verb['kind']))).toEqual([])
  })

  it('go through arrays, maps and unions, each of them in every stream', () => {
    for (const { files } of all) {
      for (const { rawSchema, outputs: own } of loadContracts(files).streams) {
        const named = JSON.stringify(own.map(({ policies }) => policies.map(({ granted }) => granted.leaves)))
        for (const step of ['"[]"', '"{', '"<']) expect(named, JSON.stringify(rawSchema).slice(0, 60)).toContain(step)
      }
    }
  })

  it('use every construct beside them', () => {
    const some = (has: (branch: Branch) => boolean) => expect(branches.some(has)).toBe(true)
    some(({ events }) => events.length > 0)
    some(({ only }) => only.length > 0)
    some(({ sensitive }) => sensitive?.by.includes('[]') === true)
    some(({ sensitive }) => sensitive !== null && !sensitive.by.includes('[]'))
    expect(outputs.some(({ policies }) => policies.some(({ needs }) => needs.includes('marketing')))).toBe(true)
    expect(outputs.some(({ policies }) => policies.length > 1)).toBe(true)
    expect(outputs.some(({ otherwise }) => otherwise === null)).toBe(true)
    expect(outputs.some(({ purpose }) => purpose.basis === 'legitimate-interest')).toBe(true)
  })
})

describe('lint', () => {
  it.each(mistakes)('finds $kind', (mistake) => {
    const preset = all.find(({ name }) => name === mistake.preset)
    expect(preset === undefined ? 'no such preset' : missed(mistake, preset)).toBeNull()
  })

  it('has forty kinds of mistakes to find', () => {
    expect(new Set(mistakes.map(({ kind }) => kind)).size).toBe(40)
  })
})
