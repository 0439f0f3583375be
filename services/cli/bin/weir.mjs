#!/usr/bin/env node
/**
 * `weir`: installs first what is missing (like every script here), then runs src/main.ts on the project's own Node,
 * whatever Node began. Plain JavaScript for Node 20 and later, since nothing may be installed yet.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXIT_UNREACHABLE = 4

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '../../..')

const setUp = spawnSync(process.execPath, [join(root, 'infra/setup/install.mjs')], { stdio: ['ignore', 2, 2] })
if (setUp.status !== 0) process.exit(setUp.status === 130 ? 130 : EXIT_UNREACHABLE)

const child = spawn(ownNode(), [join(here, '../src/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
// The terminal sends Ctrl-C to both; we wait for what the command makes of it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => {
  process.stderr.write(`weir: Node can't be started (${error.message}). Run: npm ci --ignore-scripts\n`)
  process.exit(EXIT_UNREACHABLE)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))

/** The Node that npm installed for this platform (a package that holds the binary), or else the one that runs this. */
function ownNode() {
  const modules = join(root, 'node_modules')
  const binary = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const system = process.platform === 'win32' ? 'win' : process.platform
  const names = [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`]
  const found = existsSync(modules) ? readdirSync(modules).find((name) => names.includes(name)) : undefined
  const path = found === undefined ? null : join(modules, found, binary)
  return path !== null && existsSync(path) ? path : process.execPath
}
