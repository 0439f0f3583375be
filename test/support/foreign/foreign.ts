import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type JavaProgram, javaProgram } from '@weir/infra/stack/index.ts'

/** A record as a foreign client writes it. Without a partition, Kafka's own client picks one by the key. */
export interface RecordToProduce {
  readonly topic: string
  readonly partition?: number
  /** Milliseconds since 1970; the topic's LogAppendTime overrides it. */
  readonly timestamp?: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly (readonly [name: string, value: Uint8Array | null])[]
}

/** Where a record has landed. */
export interface Landed {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A record as a foreign client reads it. */
export interface ForeignRecord extends Landed {
  readonly timestamp: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

export interface ProduceOptions {
  /** Put all records into one transaction and end it so. */
  readonly transaction?: { readonly id: string; readonly end: 'commit' | 'abort' }
  /** How the client compresses its batches. Default: not at all. */
  readonly compression?: 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

export interface DumpOptions {
  /** Default: read_committed. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
}

/** The foreign client failed; `message` has what it said. */
class ForeignClientError extends Error {
  override readonly name = 'ForeignClientError'
}

/**
 * Has Kafka's own Java client write records, with acks=all.
 *
 * @param bootstrap `host:port`, several separated by commas.
 * @returns where each record landed, in the order of the records.
 */
export async function produce(
  bootstrap: string,
  records: Iterable<RecordToProduce> | AsyncIterable<RecordToProduce>,
  options: ProduceOptions = {},
): Promise<Landed[]> {
  const { transaction, compression = 'none' } = options
  const client = await run([
    'produce',
    bootstrap,
    compression,
    ...(transaction ? [transaction.id, transaction.end] : []),
  ])
  const landed: Landed[] = []
  const read = readLines(client, (line) => landed.push(JSON.parse(line)))
  await Promise.all([write(client.stdin, records), read])
  return landed
}

/**
 * Has Kafka's own Java client read whole topics: from where they begin to where they end at the moment of the call,
 * under read_committed the end of what is settled. Partitions come in any order, each in its own.
 *
 * @param bootstrap `host:port`, several separated by commas.
 */
export async function dump(
  bootstrap: string,
  topics: readonly string[],
  options: DumpOptions = {},
): Promise<ForeignRecord[]> {
  const records: ForeignRecord[] = []
  await dumpEach(bootstrap, topics, (record) => records.push(record), options)
  return records
}

/** As `dump`, record by record, for topics that should not lie in memory whole. */
export async function dumpEach(
  bootstrap: string,
  topics: readonly string[],
  onRecord: (record: ForeignRecord) => void,
  options: DumpOptions = {},
): Promise<void> {
  if (topics.length === 0) return
  const client = await run(['dump', bootstrap, options.isolation ?? 'read_committed', ...topics])
  client.stdin.end()
  await readLines(client, (line) => onRecord(decode(JSON.parse(line))))
}

/** A reader that goes on while the topics grow. */
export interface Following {
  /** Reads to where the topics end at the moment of this call, and stops. Rejects if the client failed on its way. */
  finish(): Promise<void>
}

/** As `dumpEach`, but going on until `finish`. */
export async function follow(
  bootstrap: string,
  topics: readonly string[],
  onRecord: (record: ForeignRecord) => void,
): Promise<Following> {
  const client = await run(['follow', bootstrap, 'read_committed', ...topics])
  const ended = readLines(client, (line) => onRecord(decode(JSON.parse(line))))
  // Heard by `finish`.
  ended.catch(() => undefined)
  return {
    finish: async () => {
      client.stdin.end()
      await ended
    },
  }
}

/**
 * Has Kafka's own tools give each partition of a topic another leader, by reassignment of its replicas in another
 * order and an election of the preferred one.
 *
 * @returns for each partition the node id of its leader before and now.
 */
export async function moveLeaders(
  bootstrap: string,
  topic: string,
): Promise<ReadonlyMap<number, { readonly before: number; readonly now: number }>> {
  const client = await run(['move', bootstrap, topic])
  client.stdin.end()
  let moved: Record<string, [number, number]> = {}
  await readLines(client, (line) => {
    moved = JSON.parse(line)
  })
  return new Map(Object.entries(moved).map(([partition, [before, now]]) => [Number(partition), { before, now }]))
}

/** The cluster's finalised features and their levels, such as `transaction.version`. */
export async function features(bootstrap: string): Promise<Readonly<Record<string, number>>> {
  const client = await run(['features', bootstrap])
  client.stdin.end()
  let found: Record<string, number> = {}
  await readLines(client, (line) => {
    found = JSON.parse(line)
  })
  return found
}

interface Line extends Landed {
  readonly timestamp: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

function decode(line: Line): ForeignRecord {
  return {
    ...line,
    key: toBytes(line.key),
    value: toBytes(line.value),
    headers: line.headers.map(([name, value]) => [name, toBytes(value)] as const),
  }
}

function toBytes(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}

function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

type Client = ChildProcessByStdio<Writable, Readable, Readable>

let program: Promise<JavaProgram> | undefined

async function run(args: readonly string[]): Promise<Client> {
  program ??= javaProgram(fileURLToPath(new URL('Foreign.java', import.meta.url)))
  const { command, args: before } = await program
  return spawn(command, [...before, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function write(
  stdin: Writable,
  records: Iterable<RecordToProduce> | AsyncIterable<RecordToProduce>,
): Promise<void> {
  // If the client has died, its exit tells more than the broken pipe.
  const broken = new Promise<void>((resolve) => stdin.once('error', () => resolve()))
  for await (const record of records) {
    const line = JSON.stringify({
      ...record,
      key: toBase64(record.key),
      value: toBase64(record.value),
      headers: record.headers?.map(([name, value]) => [name, toBase64(value)]),
    })
    if (!stdin.write(`${line}\n`)) await Promise.race([once(stdin, 'drain').catch(() => {}), broken])
    if (stdin.destroyed) return
  }
  stdin.end()
}

async function readLines(client: Client, onLine: (line: string) => void): Promise<void> {
  let said = ''
  client.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  const lines = createInterface({ input: client.stdout })
  lines.on('line', (line) => {
    if (line !== '') onLine(line)
  })
  const [[code]] = await Promise.all([once(client, 'close'), once(lines, 'close')])
  if (code !== 0) throw new ForeignClientError(`Kafka's Java client failed (exit ${code}):\n${said.trim()}`)
}
