import { describe, expect, it } from 'vitest'
import { faultsOf } from './fixtures/faults-of.ts'
import { COUNTS, EVENT, MAIL, OLD_TIPS, PURPOSES, placeOf, TIPS } from './fixtures/planted.ts'
import { plantedConditions } from './fixtures/planted-conditions.ts'
import { plantedElsewhere } from './fixtures/planted-elsewhere.ts'
import { plantedFiles } from './fixtures/planted-files.ts'
import { plantedPaths } from './fixtures/planted-paths.ts'
import { plantedVerbs } from './fixtures/planted-verbs.ts'
import { shop, shopWith } from './fixtures/shop.ts'

describe('each mistake is reported with its file, line, column and mend', () => {
  it.each([...plantedPaths, ...plantedVerbs, ...plantedConditions, ...plantedFiles, ...plantedElsewhere])(
    '$mistake',
    (planted) => {
      const files = shopWith(planted.file, planted.from, planted.to)
      const place = placeOf(files.get(planted.reportedIn) ?? '', planted.at)
      const found = faultsOf(files).filter((fault) => fault.code === planted.code)
      expect(found).toContainEqual(expect.objectContaining({ file: planted.reportedIn, ...place }))
      expect(found.map((fault) => `${fault.what}. ${fault.mend}.`).join('\n')).toContain(planted.says)
    },
  )

  it('a verb that makes a leaf another type than in the other branch', () => {
    const files = shopWith(TIPS, 'geo.country: keep', 'id: keep')
    files.set(TIPS, files.get(TIPS)?.replace('at: day', 'id: in(lists/words.txt)') ?? '')
    expect(faultsOf(files)).toEqual([
      expect.objectContaining({ file: TIPS, line: 15, code: 'WEIR_CONTRACT_TYPE_CHANGED' }),
    ])
    expect(faultsOf(files)[0]?.what).toContain('shop/tips.2.yaml:9')
  })

  it('a child that does not ask for its parent', () => {
    const child = (shop().get(MAIL) ?? '')
      .replace('purpose: mail\n', 'purpose: mail.weekly\n')
      .replace('notice: 1', 'notice: 7')
      .replace('to: shop.mail', 'to: shop.mail.weekly')
    const files = shop().set('shop/mail.weekly.7.yaml', child.replace('[mail.weekly]', '[health]'))
    expect(faultsOf(files)).toEqual([
      expect.objectContaining({ file: 'shop/mail.weekly.7.yaml', line: 7, column: 8, code: 'WEIR_CONTRACT_NEEDS' }),
    ])
    expect(faultsOf(files)[0]?.mend).toBe('Write "needs: [mail, health]"')
    expect(faultsOf(files.set('shop/mail.weekly.7.yaml', child.replace('[mail.weekly]', '[mail]')))).toEqual([])
  })

  it('a need for a child without its parent', () => {
    const files = shop()
    files.set(TIPS, (files.get(TIPS) ?? '').replace(/^to: .*$/m, '$&\nneeds: [mail.weekly]'))
    const what = '"mail.weekly" belongs to "mail", and nothing here says that "mail" must be granted too'
    expect(faultsOf(files)).toContainEqual(expect.objectContaining({ file: TIPS, code: 'WEIR_CONTRACT_NEEDS', what }))
  })

  it('what is sensitive needing another purpose in another file', () => {
    const second = (shop().get(MAIL) ?? '').replace('notice: 1', 'notice: 2').replace('needs: health', 'needs: counts')
    const files = shopWith(PURPOSES, '  notice: 1\nmail.weekly', '  notice: 2\nmail.weekly').set(
      'shop/mail.2.yaml',
      second,
    )
    expect(faultsOf(files)).toEqual([
      expect.objectContaining({ file: 'shop/mail.2.yaml', line: 33, code: 'WEIR_CONTRACT_UNEQUAL' }),
    ])
    const without = second.replace(/^sensitive.*$/m, '')
    expect(faultsOf(new Map(files).set('shop/mail.2.yaml', without))).toEqual([])
  })

  it('two types for keys of one map', () => {
    const files = shopWith(
      MAIL,
      'scores{risk}.value: decimals(1)',
      'scores{risk}.value: decimals(1)\n  scores{fraud}.value: keep',
    )
    const text = files.get(EVENT) ?? ''
    const floats = new Map(files).set(EVENT, text.replace('"value", "type": "double"', '"value", "type": "float"'))
    expect(faultsOf(files)).toEqual([])
    expect(faultsOf(floats)).toEqual([
      expect.objectContaining({ file: MAIL, line: 19, code: 'WEIR_CONTRACT_TYPE_CHANGED' }),
    ])
    expect(faultsOf(floats)[0]?.what).toContain(
      '"keep" makes scores{fraud}.value another type than shop/mail.1.yaml:18',
    )
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
