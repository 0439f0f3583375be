import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StackEnv } from '@weir/infra/stack/index.ts'
import { Redis } from 'ioredis'
import kafkajs from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownStack } from '../support/faults-stack.ts'
import { until } from '../support/until.ts'
import { planStream } from '../workload/stream.ts'

const MAIN = fileURLToPath(new URL('../../infra/demo/main.ts', import.meta.url))
const PURPOSES = ['personalization', 'analytics', 'marketing']
/** What the demo puts before all its names on a stack that is not its own. */
const NAMESPACE = /^demo-/
const PATIENCE_MS = 60_000

describe('the demo, on a stack that is given', () => {
  const stack = ownStack()
  /** The system's temporary folder as the demo sees it: keys and logs of a run lie here. */
  let temporary: string
  let files: string
  let demo: Demo | undefined

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'weir-demo-test-'))
    files = mkdtempSync(join(tmpdir(), 'weir-demo-input-'))
  })
  afterEach(() => {
    demo?.process.kill('SIGKILL')
    demo = undefined
    for (const folder of [temporary, files]) rmSync(folder, { recursive: true, force: true })
  })

  const start = (args: readonly string[], env: StackEnv = stack().env): Demo => {
    demo = startDemo(args, { ...env, TMPDIR: temporary })
    return demo
  }

  it('ends with one JSON line that has every figure, and leaves nothing on the stack', async () => {
    const { exit, stdout, stderr } = start(['--once', '--json', '--events', '400', '--rate', '200'])
    // What is looked for at the end is there on the way.
    await until(
      'something of it stands on the stack',
      async () => (await standing(stack().env)).topics > 0,
      PATIENCE_MS,
    )
    expect(await exit, stderr()).toEqual([0, null])

    const lines = stdout().trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    const result = JSON.parse(lines.at(-1) as string)
    expect(result).toMatchObject({
      raw: 400,
      planted: expect.any(Number),
      quarantined: result.planted,
      lost: 0,
      repeated: 0,
      leaked: 0,
      ambiguous: expect.any(Number),
      withdrawal: { effectiveMs: expect.any(Number), leakedAfter: 0 },
      secondsToFirstClean: expect.any(Number),
      violations: [],
    })
    expect(result.planted).toBeGreaterThan(0)
    expect(Object.keys(result.clean)).toEqual(expect.arrayContaining(PURPOSES))
    for (const purpose of PURPOSES) {
      const { granted, stripped, withheld } = result.clean[purpose]
      expect(granted).toBeGreaterThan(0)
      expect(granted + stripped + withheld + result.quarantined).toBe(result.raw)
    }
    expect(result.withdrawal.grantedBefore).toBeGreaterThanOrEqual(20)
    expect(result.withdrawal.rawAfter).toBeGreaterThanOrEqual(20)
    await expectNothingLeft()
  })

  it('is ended by Ctrl-C midway, with every process of its own and all that it put on the stack', async () => {
    const { pid, exit, stdout } = start(['--events', '2000', '--rate', '20'])
    await until('it is midway', () => /\n.*lag/.test(stdout()), PATIENCE_MS)
    const children = descendants(pid)
    // At least the three services.
    expect(children.length).toBeGreaterThanOrEqual(3)
    // Of each kind something stands there.
    expect(Object.values(await standing(stack().env)).filter((count) => count === 0)).toEqual([])

    // As a terminal does it: to the whole group.
    process.kill(-pid, 'SIGINT')
    expect(await exit).toEqual([130, null])
    await until('no process of it is left', () => children.every((child) => !isAlive(child)))
    await expectNothingLeft()
  })

  it('takes events from a file', async () => {
    const input = join(files, 'events.ndjson')
    const events = givenEvents(150)
    writeFileSync(input, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    const { exit, stdout, stderr } = start(['--once', '--json', '--rate', '200', '--input', input])
    expect(await exit, stderr()).toEqual([0, null])
    expect(stderr()).toContain('The events come from outside')
    expect(JSON.parse(stdout())).toMatchObject({
      raw: 150,
      planted: 0,
      quarantined: 0,
      lost: 0,
      leaked: 0,
      violations: [],
    })
    await expectNothingLeft()
  })

  it('refuses a file with a bad line before anything is started', async () => {
    const input = join(files, 'events.ndjson')
    const [first, second] = givenEvents(2)
    writeFileSync(input, `${JSON.stringify(first)}\n${JSON.stringify({ ...second, eventType: 'jump' })}\n`)
    let connections = 0
    const listener = createServer(() => connections++).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const nobody = {
      KAFKA_BROKERS: `127.0.0.1:${port}`,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}`,
    }
    const { exit, stdout, stderr } = start(['--once', '--json', '--input', input], nobody)
    expect(await exit).toEqual([2, null])
    listener.close()
    expect(stderr()).toMatch(/events\.ndjson, line 2: .*eventType/)
    expect(stderr()).toContain('Nothing was published.')
    expect(stdout()).toBe('')
    expect(connections).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
  })

  async function expectNothingLeft(): Promise<void> {
    expect(await standing(stack().env)).toEqual({ topics: 0, groups: 0, subjects: 0, redisKeys: 0 })
    expect(readdirSync(temporary)).toEqual([])
  }
})

interface Demo {
  readonly process: ChildProcess
  readonly pid: number
  readonly exit: Promise<unknown[]>
  stdout(): string
  stderr(): string
}

function startDemo(args: readonly string[], env: Readonly<Record<string, string>>): Demo {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, to be signalled whole as a terminal does on Ctrl-C.
    detached: true,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk
  })
  if (child.pid === undefined) throw new Error('the demo did not start')
  // 'close' and not 'exit': all that it said has been read then.
  const exit = once(child, 'close')
  return { process: child, pid: child.pid, exit, stdout: () => said.stdout, stderr: () => said.stderr }
}

/** How much of any demo stands on the stack. */
async function standing(env: StackEnv): Promise<Record<'topics' | 'groups' | 'subjects' | 'redisKeys', number>> {
  const own = (names: readonly string[]) => names.filter((name) => NAMESPACE.test(name)).length
  const admin = new kafkajs.Kafka({ brokers: env.KAFKA_BROKERS.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin()
  const redis = new Redis(env.REDIS_URL)
  try {
    await admin.connect()
    const { groups } = await admin.listGroups()
    const subjects = await fetch(`${env.SCHEMA_REGISTRY_URL}/subjects?deleted=true`)
    return {
      topics: own(await admin.listTopics()),
      groups: own(groups.map(({ groupId }) => groupId)),
      subjects: own((await subjects.json()) as string[]),
      redisKeys: own(await redis.keys('*')),
    }
  } finally {
    redis.disconnect()
    await admin.disconnect()
  }
}

/** Events as somebody else would give them: plain JSON, with a time of their own. */
function givenEvents(count: number): Record<string, unknown>[] {
  const plan = planStream({ seed: 3, events: Math.max(count, 100), purposes: PURPOSES, queries: [] })
  const good = [...plan.records()].slice(0, count)
  return good.map(({ event }, at) => ({ ...event, occurredAt: 1_700_000_000_000 + at }))
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
