import type { Output, Purpose, Sensitive } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { sample } from '../fixtures/environment.ts'
import { purposeRule } from './purpose-rule.ts'

const [personalization, , marketing] = sample.outputs as readonly [Output, Output, Output]
const purpose: Purpose = marketing.purpose
const email: Purpose = { ...purpose, name: 'marketing.email', gpc: 'ignored' }
const health: Purpose = { ...purpose, name: 'health', basis: 'legitimate-interest', gpc: 'denies' }
const purposes = [purpose, email, health]

function output(...files: { needs?: readonly string[]; sensitive?: string }[]): Output {
  const [newest] = marketing.policies
  if (newest === undefined) throw new Error('the sample has a policy')
  const sensitiveOf = (needs: string): Sensitive => ({
    by: ['product', 'category'],
    file: 'lists/health.txt',
    values: new Set(['plasters']),
    needs,
  })
  return {
    ...marketing,
    policies: files.map(({ needs, sensitive }, at) => ({
      ...newest,
      notice: at + 1,
      needs: needs ?? [],
      granted: { ...newest.granted, sensitive: sensitive === undefined ? null : sensitiveOf(sensitive) },
    })),
  }
}

describe('the rule of an output', () => {
  it('has each needed purpose with its own basis and its own ear for GPC', () => {
    const rule = purposeRule(output({ needs: ['marketing.email', 'health'], sensitive: 'health' }), purposes)
    expect(rule).toMatchObject({
      purpose: 'marketing',
      gpcDenies: true,
      needs: [
        { purpose: 'marketing.email', basis: 'consent', gpcDenies: false },
        { purpose: 'health', basis: 'legitimate-interest', gpcDenies: true },
      ],
      sensitiveNeeds: { purpose: 'health', basis: 'legitimate-interest', gpcDenies: true },
    })
  })

  it('needs nothing where no file does', () => {
    expect(purposeRule(personalization, purposes)).toMatchObject({ needs: [], sensitiveNeeds: null })
  })

  it('takes what sensitive values need from whichever file has it', () => {
    expect(purposeRule(output({}, { sensitive: 'health' }), purposes).sensitiveNeeds?.purpose).toBe('health')
  })

  it('is refused where files differ, or name a purpose that is not there', () => {
    expect(() => purposeRule(output({ needs: ['health'] }, {}), purposes)).toThrow(/different purposes/)
    expect(() => purposeRule(output({ sensitive: 'health' }, { sensitive: 'marketing.email' }), purposes)).toThrow(
      /different purposes/,
    )
    expect(() => purposeRule(output({ needs: ['post'] }), purposes)).toThrow(/post/)
  })
})
