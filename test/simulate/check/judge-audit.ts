import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import { opened } from '../../check/sealed.ts'
import { SETTING } from '../load/setting.ts'
import type { Seen, SeenRecord, Violation } from './seen.ts'
import type { RawRanges } from './transactions.ts'

const TOPIC = 'weir.audit'
const SCHEMAS = resolve(import.meta.dirname, '../../../libs')

interface Chunk {
  readonly ranges: readonly { readonly partition: number; readonly from: number; readonly to: number }[]
  readonly consent: readonly {
    readonly partition: number
    readonly statePosition: number
    readonly ledgerPosition: number
  }[]
}

/**
 * What is committed is covered by audit records, once and without a gap, and what they say of the ledger is what
 * consent.state had brought out of it by then.
 */
export function judgeAudit(seen: Pick<Seen, 'audit' | 'state'>, committed: RawRanges): Violation[] {
  const wrong: string[] = []
  const chunks: Chunk[] = []
  for (const record of seen.audit) {
    const chunk = readChunk(record)
    if (chunk === null) wrong.push(`audit ${record.partition}/${record.offset} can't be read`)
    else chunks.push(chunk)
  }
  for (let partition = 0; partition < SETTING.rawPartitions; partition++) {
    const ranges = chunks.flatMap((chunk) => chunk.ranges.filter((range) => range.partition === partition))
    let covered = 0
    for (const { from, to } of ranges.sort((a, b) => a.from - b.from)) {
      if (from !== covered) wrong.push(`audit records of raw ${partition} go on at ${from} after ${covered}`)
      covered = to
    }
    const end = committed.endOf(partition)
    if (covered !== end) wrong.push(`audit records of raw ${partition} cover up to ${covered}, committed is ${end}`)
  }
  const states = Map.groupBy(seen.state, ({ partition }) => partition)
  for (const { partition, statePosition, ledgerPosition } of chunks.flatMap(({ consent }) => consent)) {
    const below = states.get(partition)?.findLast(({ offset }) => offset < statePosition)
    const position = below === undefined ? -1 : positionOf(below)
    if (position === ledgerPosition) continue
    const words = `consent ${partition} stood at ${position} of the ledger at ${statePosition} of consent.state`
    wrong.push(`an audit record says ${ledgerPosition}, but ${words}`)
  }
  return wrong.map((words) => ({ kind: 'wrong audit', words }))
}

const chunkType = avro.Type.forSchema(parsed('audit/schemas/chunk.json') as avro.Schema)

function readChunk({ value }: SeenRecord): Chunk | null {
  const bytes = value === null ? null : opened(SETTING.rootKey, TOPIC, value)
  if (bytes === null || bytes[0] !== 1) return null
  return chunkType.fromBuffer(bytes.subarray(1)) as Chunk
}

const [state, tick] = parsed('consent/schemas/state.json') as readonly [avro.Schema, avro.Schema]
const types = [avro.Type.forSchema(state), avro.Type.forSchema(tick)]

/** Next ledger offset of a record of consent.state: of a union, behind the version and the branch. */
function positionOf({ value }: SeenRecord): number {
  const bytes = value as Buffer
  const type = types[(bytes[1] as number) / 2] as avro.Type
  return (type.fromBuffer(bytes.subarray(2)) as { position: number }).position
}

function parsed(file: string): unknown {
  return JSON.parse(readFileSync(resolve(SCHEMAS, file), 'utf8'))
}
