import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../../../libs/kafka/fixtures/fake-cluster.ts'

const PROGRAM = resolve(import.meta.dirname, 'redrive.ts')
/** A process each, on a machine that may be busy. */
const SLOW = 60_000
const CONTRACTS = resolve(import.meta.dirname, '../../../infra/contracts')

let folder = ''
let cluster: FakeCluster
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-redrive-'))
  for (const name of ['root', 'reference']) writeFileSync(join(folder, name), Buffer.alloc(32, 1), { mode: 0o600 })
  cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await cluster.close()
})

/** A redrive on a cluster that answers and has none of our topics yet. */
function started(stream: string) {
  const task = JSON.stringify({ stream, code: 'X', sinceMs: 0, ranges: [{ partition: 0, to: 1 }] })
  const child = spawn(process.execPath, [PROGRAM, task], {
    env: {
      PATH: process.env['PATH'],
      KAFKA_BROKERS: cluster.bootstrap.join(','),
      REDIS_URL: 'redis://127.0.0.1:1',
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
      WEIR_CONTRACTS: CONTRACTS,
      WEIR_ROOT_KEY_FILE: join(folder, 'root'),
      WEIR_REFERENCE_KEY_FILE: join(folder, 'reference'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  return { child, lines, output, ended: once(child, 'close') }
}

test(
  'A redrive that is asked to end before it could begin says so and is gone, though Kafka is connected',
  async () => {
    const { child, lines, output, ended } = started('clickstream')
    output.on('line', (line) => line.includes('"waiting-for-settings"') && child.kill('SIGINT'))
    expect(await ended).toEqual([130, null])
    const told = lines.filter(({ kind }) => kind === 'done')
    expect(told).toEqual([{ kind: 'done', state: 'interrupted', processed: 0, quarantined: 0 }])
  },
  SLOW,
)

test(
  'A redrive that can’t begin fails with why, and tells of no end',
  async () => {
    const { lines, ended } = started('no-such-stream')
    expect(await ended).toEqual([1, null])
    expect(lines.filter(({ kind }) => kind === 'done')).toEqual([])
    expect(lines.find(({ event }) => event === 'failed')).toMatchObject({
      err: { message: expect.stringContaining('There is no stream "no-such-stream"') },
    })
  },
  SLOW,
)
