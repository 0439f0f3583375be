import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { MAIL, PURPOSES, TIPS } from './fixtures/planted.ts'
import { plantedFiles } from './fixtures/planted-files.ts'
import { plantedPaths } from './fixtures/planted-paths.ts'
import { plantedVerbs } from './fixtures/planted-verbs.ts'
import { shop, shopWith } from './fixtures/shop.ts'
import { loadContracts, pathText } from './index.ts'
import { casesKeys, languagePage, languageSchemas, policyKeys, purposeKeys, tagWords, verbs } from './language.ts'
import { takes } from './language-verbs.ts'
import { parsePath } from './path.ts'
import { parseVerb } from './verbs.ts'

const schemas = new Map(
  [...languageSchemas()].map(([name, schema]) => [name, new Ajv2020({ strict: false }).compile(schema)]),
)

/** What an editor would say of a file of the contract: null for nothing. */
function editorSays(file: string, text: string): string | null {
  const name = file === PURPOSES ? 'purposes' : file.endsWith('/cases.yaml') ? 'cases' : 'policy'
  const validate = schemas.get(`${name}.schema.json`)
  if (validate === undefined) throw new Error(`no schema for ${file}`)
  return validate(parse(text)) ? null : JSON.stringify(validate.errors)
}

describe('the words of each verb', () => {
  it.each(verbs.map((verb) => [verb.kind, verb] as const))('%s: fit what the loader reads', (kind, verb) => {
    const parsed = parseVerb(verb.example, () => new Set(['a']))
    expect(parsed).toEqual({ verb: expect.objectContaining({ kind }) })
    expect(verb.example).toMatch(new RegExp(`^${verb.pattern}$`))
    expect(verb.form.split('(')[0]).toBe(kind)
    expect(verb.arguments === 'none').toBe(!verb.form.includes('('))
  })

  it.each(verbs.filter((verb) => verb.arguments === 'none').map((verb) => verb.kind))(
    '%s takes no arguments',
    (kind) => {
      expect(parseVerb(`${kind}(1)`, () => new Set())).toHaveProperty('refused')
    },
  )

  it.each(verbs.filter((verb) => verb.arguments !== 'none').map((verb) => verb.kind))('%s needs arguments', (kind) => {
    expect(parseVerb(kind, () => new Set())).toHaveProperty('refused')
  })

  it('say which types a verb takes, logical types included', () => {
    const fits = (type: string, logical?: string) =>
      verbs.filter((verb) => takes(verb.kind, type, logical)).map((verb) => verb.kind)
    const texts = ['prefix', 'family', 'host', 'first', 'routes', 'in']
    expect(fits('string')).toEqual(['keep', 'pseudonymize', ...texts, 'set'])
    expect(fits('string', 'uuid')).toEqual(['keep', 'pseudonymize', ...texts])
    expect(fits('long')).toEqual(['keep', 'pseudonymize', 'bucket', 'set'])
    expect(fits('long', 'timestamp-micros')).toEqual(['keep', 'hour', 'day', 'month'])
    expect(fits('int', 'date')).toEqual(['keep', 'day', 'month'])
    expect(fits('int', 'time-millis')).toEqual(['keep'])
    expect(fits('double')).toEqual(['keep', 'decimals', 'bucket', 'set'])
    expect(fits('bytes')).toEqual(['keep', 'pseudonymize'])
    expect(fits('bytes', 'decimal')).toEqual(['keep'])
    expect(fits('fixed', 'uuid')).toEqual(['keep', 'pseudonymize'])
    expect(fits('enum')).toEqual(['keep', 'set'])
    expect(fits('boolean')).toEqual(['keep', 'set'])
  })
})

describe('the JSON Schemas', () => {
  it.each([...shop()].filter(([file]) => file.endsWith('.yaml')))('accept %s as the loader does', (file, text) => {
    expect(editorSays(file, text)).toBeNull()
  })

  // What can be seen in one file without the others.
  const visible = ['UNKNOWN_VERB', 'UNKNOWN_KEY', 'MISSING_KEY', 'BAD_DURATION', 'BAD_PATH'].map(
    (c) => `WEIR_CONTRACT_${c}`,
  )
  const planted = [...plantedPaths, ...plantedVerbs, ...plantedFiles].filter(
    // A pattern can't compare two keys.
    ({ code, mistake }) => visible.includes(code) && mistake !== 'a key named twice in one line',
  )

  it.each(planted)('let an editor see $mistake', ({ file, from, to }) => {
    expect(editorSays(file, shopWith(file, from, to).get(file) ?? '')).not.toBeNull()
  })

  it.each([
    [TIPS, 'recipients: [mailer, recommender]', 'recipients: []'],
    [MAIL, 'kind: [view, buy]', 'kind: []'],
    [MAIL, ', needs: health}', '}'],
    [MAIL, '    action<Buy>.amount: bucket(0, 1000, 5000)\n    agent: family\n', ''],
    [PURPOSES, 'gpc: denies', 'gpc: perhaps'],
    [PURPOSES, 'mail.weekly:', 'mail.weekly.short:'],
  ])('let an editor see a mistake in %s: %s', (file, from, to) => {
    expect(editorSays(file, shopWith(file, from, to).get(file) ?? '')).not.toBeNull()
  })

  it('accept policy tests, and see a word that means nothing in them', () => {
    const cases = `
- name: a search is not shown
  event: {query: x}
  consent: {tips: {notice: 1, since: after-event}, mail: withdrawn}
  device: none
  expect: {tips: {kind: view}, mail: withheld}
- name: nonsense is quarantined
  expect: quarantined
`
    expect(editorSays('shop/cases.yaml', cases)).toBeNull()
    for (const [from, to] of [
      ['withdrawn', 'revoked'],
      ['withheld', 'hidden'],
      ['name: a', 'named: a'],
      ['since: after', 'sinse: after'],
      ['none', 'no'],
    ] as const) {
      expect(editorSays('shop/cases.yaml', cases.replace(from, to))).not.toBeNull()
    }
  })

  it('know the paths that the loader knows', () => {
    const leaves = loadContracts(shop()).streams[0]?.leaves ?? []
    const paths = [
      ...leaves.map((leaf) => pathText(leaf.path).replaceAll('{}', '{a,b c}')),
      'a.*',
      '[]',
      'a..b',
      'a{}',
      'a<>',
      '.a',
    ]
    const pattern = new RegExp(
      JSON.stringify(languageSchemas().get('policy.schema.json'))
        .match(/"path":\{"type":"string","pattern":"(.*?)"\}/)?.[1]
        ?.replaceAll('\\\\', '\\') ?? '^$',
    )
    for (const path of paths) expect([path, pattern.test(path)]).toEqual([path, !('what' in parsePath(path))])
  })
})

describe('the reference page', () => {
  it('has every key, verb and tag', () => {
    const page = languagePage()
    for (const { key, words } of [...purposeKeys, ...policyKeys, ...casesKeys]) {
      expect(page).toContain(`| \`${key}\``)
      expect(page).toContain(words)
    }
    for (const verb of verbs) expect(page).toContain(`#### \`${verb.form}\``)
    for (const tag of Object.keys(tagWords)) expect(page).toContain(`| \`${tag}\` |`)
  })
})
