import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** The logger writes to the process's own stdout, so it is watched from outside. */
function logged(script: string): string {
  const module = JSON.stringify(new URL('./log.ts', import.meta.url).href)
  const source = `import { makeLogger } from ${module}; const log = makeLogger('test', 'info'); ${script}`
  return execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' })
}

test('a line says when, how grave, and which service', () => {
  expect(JSON.parse(logged(`log.info({ event: 'ready' })`))).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: 'test',
    event: 'ready',
  })
})

test('ids, payloads, keys and secrets are cut, at the top and one level down', () => {
  const out = logged(
    `log.info({ subjectId: 'alice', a: { key: 'alice', value: 'alice', salt: 'alice' }, password: 'alice', lag: 3 })`,
  )
  expect(out).not.toContain('alice')
  expect(JSON.parse(out)).toMatchObject({ lag: 3 })
})

test.each(['log.error(error)', 'log.error({ err: error })', `log.error({ err: error }, 'said')`])(
  '%s does not carry what the error quotes',
  (call) => {
    const out = logged(`let error; try { JSON.parse('alice') } catch (e) { error = e }; ${call}`)
    expect(out).not.toContain('alice')
    expect(JSON.parse(out)).toMatchObject({ err: { type: 'SyntaxError' }, msg: expect.any(String) })
  },
)

test('the last line before an exit is written', () => {
  expect(logged(`log.fatal({ event: 'failed' }); process.exit(0)`)).toContain('"failed"')
})
