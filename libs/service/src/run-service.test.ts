import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'

interface Line {
  readonly event?: string
  readonly what?: string
  readonly port?: number
  readonly [field: string]: unknown
}

interface Started {
  readonly child: ChildProcess
  readonly lines: Line[]
  readonly err: () => string
  /** Resolves with the first line of this event; rejects when the process ends without one. */
  line(event: string): Promise<Line>
  /** Exit code and signal. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

function start(behaviour: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../fixtures/service.ts')], {
    env: { PATH: process.env['PATH'], FIXTURE: behaviour, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  const lines: Line[] = []
  const waiting: { event: string; resolve: (line: Line) => void; reject: (error: Error) => void }[] = []
  let text = ''
  let errors = ''
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString()
    const whole = text.split('\n')
    text = whole.pop() ?? ''
    for (const each of whole) {
      const line: Line = JSON.parse(each)
      lines.push(line)
      for (const one of waiting) if (one.event === line.event) one.resolve(line)
    }
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((done) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      for (const one of waiting) one.reject(new Error(`ended without '${one.event}': ${errors}`))
      done({ code, signal })
    })
  })
  return {
    child,
    lines,
    err: () => errors,
    ended,
    line: (event) => {
      const seen = lines.find((line) => line.event === event)
      if (seen) return Promise.resolve(seen)
      return new Promise((resolve, reject) => waiting.push({ event, resolve, reject }))
    },
  }
}

const url = (line: Line, path: string) => `http://127.0.0.1:${line.port}${path}`

test('wrong settings end the process with exit code 2 and one message on stderr that names them all', async () => {
  const service = start('needs-more', {
    KAFKA_BROKERS: 'nowhere',
    REDIS_URL: 'http://user:hunter2@redis',
    WEIR_OPS_PORT: '80x',
  })
  expect(await service.ended).toEqual({ code: 2, signal: null })
  expect(service.err()).toContain('3 settings')
  for (const variable of ['KAFKA_BROKERS', 'REDIS_URL', 'WEIR_OPS_PORT']) expect(service.err()).toContain(variable)
  expect(service.err()).not.toContain('hunter2')
  expect(service.lines).toEqual([])
})

test('a service says where its ops server listens, then that it is ready, and answers health and metrics', async () => {
  const service = start('')
  const ops = await service.line('listening')
  await service.line('ready')
  expect(ops.what).toBe('ops')
  for (const path of ['/livez', '/readyz', '/startupz']) {
    const response = await fetch(url(ops, path))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  }
  const metrics = await (await fetch(url(ops, '/metrics'))).text()
  expect(metrics).toMatch(/^weir_build_info\{service="fixture",version="[^"]+",node="v\d+[^"]*"\} 1$/m)
  expect(metrics).toMatch(/^weir_ready 1$/m)
  expect(metrics).toContain('process_cpu_seconds_total')
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s drains with the signal aborted and exits 0', async (signal) => {
  const service = start('')
  await service.line('ready')
  service.child.kill(signal)
  expect(await service.ended).toEqual({ code: 0, signal: null })
  expect(service.lines.map((line) => line.event)).toEqual(['listening', 'ready', 'closing', 'drained', 'closed'])
  expect(service.lines.find((line) => line.event === 'drained')).toMatchObject({ aborted: true })
})

test('a job that is over drains and exits with its own code; asked to end before, with the one for that', async () => {
  const over = start('is-over')
  expect(await over.ended).toEqual({ code: 7, signal: null })
  expect(over.lines.find((line) => line.event === 'drained')).toMatchObject({ aborted: true })
  const job = start('job')
  await job.line('ready')
  job.child.kill('SIGINT')
  expect(await job.ended).toEqual({ code: 130, signal: null })
})

test('a start that is told to give up ends with exit code 0, and is not ready before', async () => {
  const service = start('start-hangs')
  const ops = await service.line('listening')
  expect((await fetch(url(ops, '/livez'))).status).toBe(200)
  expect((await fetch(url(ops, '/startupz'))).status).toBe(503)
  const readyz = await fetch(url(ops, '/readyz'))
  expect([readyz.status, await readyz.json()]).toEqual([503, { status: 'unavailable', why: 'starting' }])
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 0, signal: null })
})

test('a service that is up but not ready says why, in the log and at /readyz', async () => {
  const service = start('not-ready')
  const ops = await service.line('listening')
  expect(await service.line('not-ready')).toMatchObject({ why: 'consent is cold' })
  expect((await fetch(url(ops, '/startupz'))).status).toBe(200)
  const readyz = await fetch(url(ops, '/readyz'))
  expect([readyz.status, await readyz.json()]).toEqual([503, { status: 'unavailable', why: 'consent is cold' }])
})

test.each([
  ['fails', 'a broken invariant'],
  ['rejects', 'nobody caught this'],
  ['throws', 'thrown out of a timer'],
  ['start-fails', 'no way to start'],
])('a service that %s logs it once, closes and exits 1', async (behaviour, message) => {
  const service = start(behaviour)
  expect(await service.ended).toEqual({ code: 1, signal: null })
  const failed = service.lines.filter((line) => line.event === 'failed')
  expect(failed).toHaveLength(1)
  expect(failed[0]).toMatchObject({ level: 'fatal', msg: message, err: { type: 'Error', message } })
  expect(service.lines.some((line) => line.event === 'drained')).toBe(behaviour !== 'start-fails')
  expect(service.err()).toBe('')
})

test('closing that takes too long is cut off with exit code 1', async () => {
  const service = start('close-hangs', { WEIR_SHUTDOWN_TIMEOUT_MS: '50' })
  await service.line('ready')
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(await service.line('closed-hard')).toMatchObject({ level: 'error' })
})

test('closing that fails exits 1', async () => {
  const service = start('close-fails')
  await service.line('ready')
  service.child.kill('SIGTERM')
  expect(await service.ended).toEqual({ code: 1, signal: null })
  expect(await service.line('close-failed')).toMatchObject({ msg: 'could not close' })
})

test('a second signal ends a slow closing at once', async () => {
  const service = start('close-hangs')
  await service.line('ready')
  service.child.kill('SIGINT')
  await service.line('closing')
  service.child.kill('SIGINT')
  expect(await service.ended).toEqual({ code: 1, signal: null })
})

test('with WEIR_PARENT_PIPE=1 a service ends when its stdin closes, and without it does not', async () => {
  const free = start('')
  const bound = start('', { WEIR_PARENT_PIPE: '1' })
  await Promise.all([free.line('ready'), bound.line('ready')])
  free.child.stdin?.end()
  bound.child.stdin?.end()
  expect(await bound.ended).toEqual({ code: 0, signal: null })
  expect(free.child.exitCode).toBeNull()
  free.child.kill('SIGTERM')
  await free.ended
  expect(free.lines.find((line) => line.event === 'closing')).toMatchObject({ why: 'SIGTERM' })
})
