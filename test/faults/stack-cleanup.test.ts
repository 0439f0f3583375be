import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNativeStack } from '@weir/infra/stack/index.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const main = fileURLToPath(new URL('../../infra/stack/main.ts', import.meta.url))
const patience = { timeout: 60_000, interval: 50 }

/** The system's temporary folder as the starter under test sees it: what is left of a stack would lie here. */
let temporary: string
let starter: ChildProcess | undefined

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'weir-cleanup-'))
})

afterEach(() => {
  starter?.kill('SIGKILL')
  starter = undefined
  vi.unstubAllEnvs()
  rmSync(temporary, { recursive: true, force: true })
})

interface Starter {
  readonly process: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  readonly exit: Promise<unknown[]>
}

function startMain(env: NodeJS.ProcessEnv = {}, command = [process.execPath, main]): Starter {
  const [program = '', ...args] = command
  const { KAFKA_BROKERS: _k, REDIS_URL: _r, SCHEMA_REGISTRY_URL: _s, ...rest } = process.env
  const child = spawn(program, args, {
    // npm would keep its compile cache in the temporary folder, which is not the stack's to remove.
    env: { ...rest, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, to be signalled whole as a terminal does on Ctrl-C.
    detached: true,
  })
  starter = child
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk
  })
  if (child.pid === undefined) throw new Error('the starter did not start')
  return {
    process: child,
    pid: child.pid,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exit: once(child, 'exit'),
  }
}

async function startedMain(command?: string[]): Promise<Starter> {
  const begun = startMain({}, command)
  await vi.waitFor(() => expect(begun.stdout(), begun.stderr()).toContain('SCHEMA_REGISTRY_URL'), patience)
  return begun
}

/** All processes below one, at this moment. */
function descendants(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const line of execFileSync('/bin/ps', ['-eo', 'pid=,ppid=']).toString().trim().split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number)
    if (child !== undefined && parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child])
  }
  const below = (parent: number): number[] => (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function expectNothingLeft(processes: readonly number[]): Promise<void> {
  await vi.waitFor(() => {
    expect(processes.filter(isAlive)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  }, patience)
}

describe('a stack whose starter ends', () => {
  it('leaves no process and no folder when the starter is killed', async () => {
    const { pid, process } = await startedMain()
    const processes = descendants(pid)
    // Guardian, Kafka, Redis, registry.
    expect(processes).toHaveLength(4)
    expect(readdirSync(temporary)).toHaveLength(1)

    process.kill('SIGKILL')
    await expectNothingLeft(processes)
  }, 120_000)

  it('leaves nothing when the starter is killed while the parts are starting', async () => {
    const { pid, process } = startMain()
    await vi.waitFor(() => expect(descendants(pid).length).toBeGreaterThan(2), patience)
    const processes = descendants(pid)

    process.kill('SIGKILL')
    await expectNothingLeft(processes)
  }, 120_000)

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'has left nothing when %s has ended it',
    async (signal) => {
      const { pid, exit, stdout } = await startedMain()
      const processes = descendants(pid)

      process.kill(-pid, signal)
      expect(await exit).toEqual([0, null])
      expect(processes.filter(isAlive)).toEqual([])
      expect(readdirSync(temporary)).toEqual([])
      expect(stdout().trim().split('\n')).toEqual([
        expect.stringMatching(/^export KAFKA_BROKERS=127\.0\.0\.1:\d+$/),
        expect.stringMatching(/^export REDIS_URL=redis:\/\/127\.0\.0\.1:\d+$/),
        expect.stringMatching(/^export SCHEMA_REGISTRY_URL=http:\/\/127\.0\.0\.1:\d+\/apis\/ccompat\/v7$/),
      ])
    },
    120_000,
  )

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'leaves nothing when the npm above it gets %s',
    async (signal) => {
      const { pid, process } = await startedMain(['npm', 'run', '--silent', 'stack'])
      const processes = descendants(pid)

      process.kill(signal)
      await expectNothingLeft(processes)
    },
    120_000,
  )

  it('leaves nothing when its guardian is killed, and says so', async () => {
    const { pid, exit, stderr } = await startedMain()
    const processes = descendants(pid)
    const guardian = processes[0]
    if (guardian === undefined) throw new Error('there is no guardian')

    process.kill(guardian, 'SIGKILL')
    expect(await exit).toEqual([4, null])
    expect(stderr()).toContain('WEIR_STACK_')
    await expectNothingLeft(processes)
  }, 120_000)
})

describe('a stack that cannot start', () => {
  it('says in one message what to do when there is no Java', async () => {
    const empty = join(temporary, 'empty')
    mkdirSync(empty)
    const { exit, stderr, stdout } = startMain({ PATH: empty, JAVA_HOME: '' })

    expect(await exit).toEqual([4, null])
    expect(stderr()).toContain('WEIR_STACK_JAVA_MISSING')
    expect(stderr()).toContain('install a Java runtime, 17 or newer, and Maven')
    expect(stderr()).toContain('set KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL')
    expect(stdout()).toBe('')
    expect(readdirSync(temporary)).toEqual(['empty'])
  }, 60_000)

  it('shows the last lines of a part that dies, and leaves nothing', async () => {
    vi.stubEnv('TMPDIR', temporary)
    const starting = startNativeStack({ kafkaConfig: { 'num.io.threads': 'many' }, say: () => {} })
    await expect(starting).rejects.toMatchObject({
      code: 'WEIR_STACK_PART_DIED',
      message: expect.stringMatching(/kafka ended[\s\S]*num\.io\.threads/),
    })
    expect(readdirSync(temporary)).toEqual([])
  }, 60_000)
})
