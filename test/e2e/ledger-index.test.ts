import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { LedgerIndex } from '../../services/consent/src/ledger-index/ledger-index.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const weir = sharedWeir({}, [])
const folder = () => join(weir().folder, 'ledger-index')
const opened: LedgerIndex[] = []

afterEach(async () => {
  for (const index of opened.splice(0)) await index.close()
})

/** An index, with the ids that it has taken in so far, and what it has told. */
async function open(where: string | null) {
  const added: string[] = []
  const events: string[] = []
  const index = new LedgerIndex({
    kafka: await weir().kafka(),
    topic: weir().topic('consent.decisions'),
    folder: where,
    onAdded: (decisionId) => added.push(decisionId),
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  })
  opened.push(index)
  index.start()
  return { index, added, events }
}

async function append(...decisionIds: readonly string[]): Promise<void> {
  const ledger = await LedgerWriter.open(weir())
  for (const decisionId of decisionIds) await ledger.decide(newRef(), 'withdraw', { decisionId })
  await ledger.close()
}

test('the index of the ledger holds what was written before and since, and goes on where it stood', async () => {
  const [before, since, later] = [randomUUID(), randomUUID(), randomUUID()]
  await append(before)
  const first = await open(folder())
  await until('what was there is found', () => first.index.find(before) !== null)
  await append(since)
  await until('what came since is found', () => first.index.find(since) !== null)
  expect(first.index.find(since)?.decision).toMatchObject({ decisionId: since, kind: 'withdraw' })
  expect(first.index.find(randomUUID())).toBeNull()
  await first.index.close()
  expect(first.index.find(before)).toBeNull()

  await append(later)
  const second = await open(folder())
  await until('what came meanwhile is found', () => second.index.find(later) !== null)
  expect(second.index.find(before)?.decision.decisionId).toBe(before)
  expect(second.added).toEqual([later])
})

test.each([
  ['its folder is deleted', () => rmSync(folder(), { recursive: true })],
  [
    'it is of another version',
    () => {
      const database = new DatabaseSync(join(folder(), `${weir().topic('consent.decisions')}.sqlite`))
      database.exec('DELETE FROM decisions; PRAGMA user_version = 77')
      database.close()
    },
  ],
])('the index is made anew from the ledger when %s', async (_what, spoil) => {
  const id = randomUUID()
  await append(id)
  const before = await open(folder())
  await until('it is found', () => before.index.find(id) !== null)
  const found = before.index.find(id)
  await before.index.close()
  spoil()
  const after = await open(folder())
  await until('it is found again', () => after.index.find(id) !== null)
  expect(after.index.find(id)).toEqual(found)
})

test('two processes don’t share an index: the second waits, says why, and goes on when the first has ended', async () => {
  const id = randomUUID()
  await append(id)
  const first = await open(folder())
  await until('the first follows', () => first.index.find(id) !== null)
  const second = await open(folder())
  await until('the second says that it is locked', () => second.events.some((event) => event.includes('locked')))
  expect([second.index.find(id), second.index.history(newRef(), 1, 1)]).toEqual([null, null])
  await first.index.close()
  await until('the second follows', () => second.index.find(id) !== null)
})

test('the index of a topic that was made anew begins anew, while the process runs', async () => {
  const [before, since] = [randomUUID(), randomUUID()]
  await append(before)
  const { index } = await open(folder())
  await until('it is found', () => index.find(before) !== null)
  const { admin } = await weir().kafka()
  await admin.deleteTopics([weir().topic('consent.decisions')])
  await until('the topic is made anew', () =>
    weir()
      .apply()
      .then(() => true),
  )
  await append(since)
  await until('the index is of the new topic', () => index.find(since) !== null, 60_000)
  expect(index.find(before)).toBeNull()
})
