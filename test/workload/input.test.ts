import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { InputError, readEvents } from './input.ts'
import { planStream } from './stream.ts'

const contracts = resolve(import.meta.dirname, '../../infra/contracts')
const rawSchema: unknown = JSON.parse(readFileSync(resolve(contracts, 'clickstream/event.avsc'), 'utf8'))
const [planned] = [...planStream({ seed: 1, events: 100, purposes: ['analytics'], queries: ['oak lamp'] }).records()]
const event: Record<string, unknown> = { ...planned?.event, occurredAt: 1_700_000_000_000 }

const read = (...lines: string[]) =>
  readEvents({ path: '-', rawSchema, stdin: Readable.from(lines.map((line) => `${line}\n`)) })

async function refusal(...lines: string[]): Promise<string> {
  const error = await read(...lines).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).message
}

test('events come one a line, and stay as they are; fields may be left out; empty lines are skipped', async () => {
  const {
    email: _email,
    context: _context,
    experiments: _experiments,
    ...short
  } = { email: 0, context: 0, experiments: 0, ...event }
  const events = await read(JSON.stringify(event), '', JSON.stringify(short))
  expect(events).toEqual([event, short])
})

test('a line that is no JSON is named by its number', async () => {
  expect(await refusal(JSON.stringify(event), '{"eventId":')).toMatch(
    /stdin, line 2: not JSON\..*Nothing was published/,
  )
  expect(await refusal('[]')).toMatch(/stdin, line 1: not a JSON object/)
})

test('an event that does not fit is named by line and field path, without any of its values', async () => {
  const wrong = { ...event, page: { ...Object(event['page']), path: 4711 }, eventType: 'jump' }
  const message = await refusal(JSON.stringify(event), '', JSON.stringify(wrong))
  expect(message).toContain('line 3')
  expect(message).toContain('page.path is a whole number, expected text')
  expect(message).toMatch(/eventType is text, expected one of page_view/)
  expect(message).not.toContain('4711')
  expect(message).not.toContain('jump')
})

test('a field that is missing, unknown or empty where it may not be is said so', async () => {
  const { sessionId: _sessionId, ...without } = { sessionId: 0, ...event }
  expect(await refusal(JSON.stringify(without))).toContain('sessionId is missing, expected text')
  expect(await refusal(JSON.stringify({ ...event, shoeSize: 44 }))).toContain('{#17} is an unknown field')
  expect(await refusal(JSON.stringify({ ...event, subjectId: '' }))).toContain('subjectId is empty text')
})

test('a UUID must be one, and a time whole milliseconds', async () => {
  expect(await refusal(JSON.stringify({ ...event, eventId: 'order-4711' }))).toMatch(/eventId is text, expected a UUID/)
  expect(await refusal(JSON.stringify({ ...event, occurredAt: 1.5 }))).toMatch(/occurredAt is .*, expected a time/)
})

test('a file is read like stdin; one that is not there, or is empty, is said so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-input-'))
  const file = join(folder, 'events.ndjson')
  writeFileSync(file, `${JSON.stringify(event)}\n${JSON.stringify(event)}`)
  expect(await readEvents({ path: file, rawSchema })).toHaveLength(2)
  writeFileSync(file, '\n')
  await expect(readEvents({ path: file, rawSchema })).rejects.toThrow('holds no event')
  await expect(readEvents({ path: join(folder, 'no'), rawSchema })).rejects.toThrow('ENOENT')
  rmSync(folder, { recursive: true })
})
