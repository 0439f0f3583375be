import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Cli } from '../cli.ts'
import { runWorker } from './worker.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-worker-'))
afterAll(() => rmSync(folder, { recursive: true }))

const cli: Cli = { env: {}, out: () => {}, say: () => {}, end: () => {} }

function worker(source: string) {
  const program = join(folder, `${Math.trunc(performance.now() * 1000)}.mjs`)
  writeFileSync(program, source)
  return runWorker(cli, { contracts: folder }, { program, args: [], onRecord: () => {} })
}

test.each(['SIGINT', 'SIGTERM'])('A worker that %s ends before it listens was interrupted', async (signal) => {
  expect(await worker(`process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000)`)).toEqual({
    code: 130,
    last: [],
  })
})

test('A worker that dies otherwise failed, and what it said last is kept', async () => {
  expect(await worker(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`)).toMatchObject({ code: 1 })
  expect(await worker(`console.error('why'); process.exitCode = 5`)).toEqual({ code: 5, last: ['why'] })
})
