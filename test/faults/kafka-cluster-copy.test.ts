import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const RECORDS = 20_000

/** The short form of `npm run copy -- --chaos --json`; one broker, since the cluster has tests of its own. */
test('a transactional copy by members that are killed, frozen, and come and go is equal to its source', async () => {
  const main = resolve(import.meta.dirname, '../copy/main.ts')
  const size = ['--records', String(RECORDS), '--per-transaction', '250', '--faults', '5', '--brokers', '1']
  const copy = spawn(process.execPath, [main, '--chaos', '--json', ...size], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [out, [code]] = await Promise.all([text(copy.stdout), once(copy, 'close')])
  const told = JSON.parse(out.trim().split('\n').at(-1) ?? '')
  const same = { missing: 0, extra: 0, outOfOrder: 0 }
  expect(told).toMatchObject({ records: RECORDS, ...same, duringRun: same })
  // Faults that hit nothing would prove nothing. Which of them find a transaction open is up to the machine.
  const kinds = ['memberKill', 'leave', 'zombie', 'brokerKill'].map((kind) => told.faults[kind])
  for (const { injected } of kinds) expect(injected).toBeGreaterThan(0)
  expect(kinds.reduce((sum, { effective }) => sum + effective, 0)).toBeGreaterThan(1)
  expect(code).toBe(0)
})
