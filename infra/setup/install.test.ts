import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'

/** Stands in for npm: notes each call, waits for `go` where it is told to, then installs as npm does, its list last. */
const FAKE_NPM = `
import { appendFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
console.log('chatter of npm')
if (existsSync('fail')) process.exit(7)
while (existsSync('slow') && !existsSync('go')) await new Promise((done) => setTimeout(done, 5))
mkdirSync('node_modules', { recursive: true })
if (!existsSync('no-node')) {
  mkdirSync('node_modules/NODE/bin', { recursive: true })
  for (const name of ['node', 'node.exe']) writeFileSync('node_modules/NODE/bin/' + name, '')
}
cpSync('package-lock.json', 'node_modules/.package-lock.json')
`

const folders: string[] = []
const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A project with one dependency and with a Node for this platform, nothing installed, and our installer in it. */
function project(...switches: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'weir-install-'))
  folders.push(root)
  const node = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  mkdirSync(join(root, 'infra/setup'), { recursive: true })
  for (const file of ['install', 'installed', 'node-binary', 'one-at-a-time']) {
    cpSync(resolve(import.meta.dirname, `${file}.mjs`), join(root, `infra/setup/${file}.mjs`))
  }
  writeFileSync(join(root, 'npm.mjs'), FAKE_NPM.replaceAll('NODE', node))
  writeFileSync(join(root, 'package.json'), JSON.stringify({ optionalDependencies: { [node]: '99.1.0' } }))
  lock(root, 'sha512-one')
  for (const name of switches) writeFileSync(join(root, name), '')
  return root
}

function lock(root: string, integrity: string): void {
  const packages = { '': {}, 'node_modules/a': { version: '1.0.0', integrity } }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }))
}

interface Run {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly code: Promise<number | null>
  says(text: string): Promise<void>
}

function install(root: string): Run {
  const child = spawn(process.execPath, [join(root, 'infra/setup/install.mjs')], {
    env: { PATH: process.env['PATH'], npm_execpath: join(root, 'npm.mjs'), npm_config_workspace: 'libs/x' },
  })
  running.add(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString()
  })
  const code = once(child, 'close').then(([exit]) => {
    running.delete(child)
    return exit as number | null
  })
  return {
    child,
    out: () => out,
    err: () => err,
    code,
    says: async (text) => {
      while (!err.includes(text)) await once(child.stderr, 'data')
    },
  }
}

const calls = (root: string) => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')
const pidFile = (root: string) => join(root, '.weir/install.pid')

/** Resolves when the fake npm has been called. */
async function npmCalled(root: string): Promise<void> {
  const watcher = watch(root)
  try {
    // The file is there a moment before its line.
    while (!existsSync(join(root, 'calls')) || calls(root)[0] === '') await once(watcher, 'change')
  } finally {
    watcher.close()
  }
}

test('the first run installs, the second does nothing, and a changed lockfile installs again', async () => {
  const root = project()
  const first = install(root)
  expect(await first.code).toBe(0)
  expect(calls(root)).toEqual(['ci --ignore-scripts --no-audit --no-fund --loglevel=error'])
  const second = install(root)
  expect(await second.code).toBe(0)
  expect([second.out(), second.err()]).toEqual(['', ''])
  expect(calls(root)).toHaveLength(1)
  lock(root, 'sha512-two')
  expect(await install(root).code).toBe(0)
  expect(calls(root)).toHaveLength(2)
  expect(existsSync(pidFile(root))).toBe(false)
})

test('nothing is said on stdout, not even by npm', async () => {
  const run = install(project())
  expect(await run.code).toBe(0)
  expect(run.out()).toBe('')
  expect(run.err()).toContain('chatter of npm')
})

test('of two that run at once one installs and the other waits for it', async () => {
  const root = project('slow')
  const one = install(root)
  await one.says('npm ci')
  const two = install(root)
  await two.says('is installing; waiting')
  writeFileSync(join(root, 'go'), '')
  expect(await Promise.all([one.code, two.code])).toEqual([0, 0])
  expect(calls(root)).toHaveLength(1)
})

test('a pid file whose process is gone is taken over', async () => {
  const root = project()
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'close')
  mkdirSync(join(root, '.weir'))
  writeFileSync(pidFile(root), `${gone.pid}\n`)
  expect(await install(root).code).toBe(0)
  expect(calls(root)).toHaveLength(1)
})

test('an installer that was killed still holds the folder while its npm runs', async () => {
  const root = project('slow')
  const killed = install(root)
  await npmCalled(root)
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  const next = install(root)
  await next.says('is installing; waiting')
  writeFileSync(join(root, 'go'), '')
  expect(await next.code).toBe(0)
  expect(calls(root)).toHaveLength(1)
})

test('Ctrl-C midway ends npm, leaves no pid file, and the next run begins anew', async () => {
  const root = project('slow')
  const run = install(root)
  await npmCalled(root)
  run.child.kill('SIGINT')
  expect(await run.code).toBe(130)
  expect(existsSync(pidFile(root))).toBe(false)
  writeFileSync(join(root, 'go'), '')
  expect(await install(root).code).toBe(0)
  expect(calls(root)).toHaveLength(2)
})

test('when npm fails, its exit code is passed on and the pid file is gone', async () => {
  const root = project('fail')
  const run = install(root)
  expect(await run.code).toBe(7)
  expect(run.err()).toContain('npm ci --ignore-scripts')
  expect(existsSync(pidFile(root))).toBe(false)
})

test('when npm left out the Node of this platform, it says so and fails', async () => {
  const run = install(project('no-node'))
  expect(await run.code).toBe(1)
  expect(run.err()).toContain('--include=optional')
})
