import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))

/** `npm run deps` is npm itself and works on what is to be installed, so it can't wait for an install. */
const NEEDS_NO_INSTALL = ['deps']

test.each(Object.keys(scripts).filter((name) => !name.startsWith('pre') && !NEEDS_NO_INSTALL.includes(name)))(
  'npm run %s installs first what is missing',
  (name) => {
    expect(scripts[`pre${name}`]).toBe('node infra/setup/install.mjs')
  },
)

test('npm runs pre-scripts here, also where a user has switched install scripts off', () => {
  expect(readFileSync(resolve(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=false$/m)
})

test('npm run deps runs no install script of a dependency', () => {
  expect(scripts['deps']).toBe('npm --ignore-scripts')
})
