import { resolve } from 'node:path'
import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import { cinema, Folder } from '../../fixtures/contract.ts'
import type { Cli } from '../cli.ts'
import { addQuarantine } from './quarantine.ts'

const SAMPLE = resolve(import.meta.dirname, '../../../../infra/contracts')

/** No address of anything: whoever gets so far as to ask a cluster is told that settings are missing. */
const cli: Cli = { env: { WEIR_CONTRACTS: SAMPLE }, out: () => {}, say: () => {}, end: () => {} }

async function refused(...args: string[]): Promise<unknown> {
  const weir = new Command('weir')
  addQuarantine(weir, cli)
  return weir.parseAsync(['quarantine', ...args], { from: 'user' }).catch((error: unknown) => error)
}

test.each([
  [['show', '--at', '0:1', '--code', 'X'], /--at or --code/],
  [['show', '--at', '0:1', '--since', '2h'], /--at names them/],
  [['show', '--role', 'on call', '--reason', 'x'], /--payload/],
  [['show', '--payload', '--role', 'on call'], /--reason <text>/],
  [['expire'], /--before <time> or --to/],
  [['expire', '--before', '2h', '--to', '0:1'], /--before <time> or --to/],
  [['expire', '--before', '2h', '--execute'], /is recorded/],
  [['list', '--stream', 'cinema'], /no stream "cinema"; streams are: clickstream/],
])('weir quarantine %j is refused before a cluster is asked', async (args, why) => {
  expect(await refused(...args)).toMatchObject({ exitCode: 2, message: expect.stringMatching(why) })
})

test('Where a stream must be named, those of the contract in use are told', async () => {
  const files = cinema()
  for (const [file, text] of files) {
    if (file.startsWith('cinema/')) files.set(file.replace('cinema', 'theatre'), text.replaceAll('cinema.', 'theatre.'))
  }
  const contract = new Folder(files)
  onTestFinished(() => contract.remove())
  expect(await refused('expire', '--before', '2h', '--contracts', contract.path)).toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/--stream <name>: cinema, theatre/),
  })
})
