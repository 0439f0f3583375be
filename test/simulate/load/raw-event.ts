import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import type { Event } from '../schedule/steps.ts'
import { rawPartitionOf, SETTING } from './setting.ts'

/** One raw record, to be appended as it is. */
export interface RawEvent {
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer
}

/** The text of the raw schema, as the registry has it. */
export const RAW_SCHEMA = readFileSync(resolve(SETTING.contractFolder, SETTING.stream, 'event.avsc'), 'utf8')

const type = avro.Type.forSchema(JSON.parse(RAW_SCHEMA) as avro.Schema)

/** What an event's fields hold that only a grant lets pass, unmistakable in any output. */
export const secretOf = (row: number) => `secret of ${row}`
export const extraOf = (row: number) => `extra of ${row}`

/** The record of an event that is sent at `nowMs`. A bad one is cut short, so that it can't be read. */
export function rawEvent(event: Event, nowMs: number): RawEvent {
  const user = SETTING.users[event.user]
  if (user === undefined) throw new Error(`There is no user ${event.user}`)
  const body = type.toBuffer({
    row: event.row,
    occurredAt: nowMs - event.ageMs,
    subjectId: user,
    deviceId: event.device === null ? null : (SETTING.devices[event.device] ?? null),
    secret: secretOf(event.row),
    extra: extraOf(event.row),
  })
  const header = Buffer.alloc(5)
  header.writeUInt32BE(SETTING.rawSchemaId, 1)
  const value = Buffer.concat([header, event.bad ? body.subarray(0, body.length - 4) : body])
  return { partition: rawPartitionOf(event.user), key: Buffer.from(user), value }
}
