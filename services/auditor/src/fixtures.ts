import { createCipheriv, hkdfSync } from 'node:crypto'
import avro from 'avsc'
import chunkSchema from './chunk.json' with { type: 'json' }
import type { Chunk } from './chunk.ts'
import type { Batch, Evidence, KafkaRecord, TopicLog } from './evidence.ts'
import type { Audited } from './workshop.ts'

/** Evidence made by hand, for tests of one judgement each. */

export function auditedOf(chunk: Partial<Chunk>, appendMs = 1_000): Audited {
  const plain = {
    stream: 'clickstream',
    kind: 'live',
    source: 'clickstream.raw',
    ranges: [],
    contract: '00'.repeat(32),
    outputs: [],
    quarantined: 0,
    tickTimeMs: appendMs,
    consent: [],
  }
  return { chunk: { ...plain, ...chunk }, transaction: `7/${appendMs}`, appendMs, partition: 0, offset: appendMs }
}

export function batchOf(
  records: readonly Partial<KafkaRecord>[],
  committedMs = 1_000,
  producer: readonly [id: number, epoch: number] = [7, 1],
): Batch {
  const whole = records.map((one, offset) => ({
    offset,
    timestampMs: committedMs,
    key: null,
    value: null,
    headers: 0,
    ...one,
  }))
  const [producerId, producerEpoch] = producer
  const offsets = whole.map(({ offset }) => offset)
  return {
    baseOffset: Math.min(...offsets),
    lastOffset: Math.max(...offsets),
    producerId,
    producerEpoch,
    committedMs,
    records: () => whole,
  }
}

export function logOf(
  topic: string,
  batches: readonly Batch[] = [],
  extent: { start?: number; end?: number } = {},
): TopicLog {
  const end = Math.max(0, ...batches.map(({ lastOffset }) => lastOffset + 1))
  return { topic, partitions: [{ start: 0, end, batches, ...extent }] }
}

export function rawOf(extent: { start: number; end: number }): Evidence['topics'] {
  return new Map([['clickstream.raw', logOf('clickstream.raw', [], extent)]])
}

export function evidenceOf(some: Partial<Evidence>): Evidence {
  return {
    audit: logOf('weir.audit'),
    auditEnds: [Number.POSITIVE_INFINITY],
    ledger: logOf('consent.decisions'),
    state: logOf('consent.state'),
    topics: new Map(),
    contracts: new Map(),
    schemas: new Map(),
    cleanSchemas: new Map(),
    rootKeys: new Map(),
    referenceKey: Buffer.alloc(32),
    commitBoundMs: 15_000,
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
    purposes: null,
    ...some,
  }
}

export const ROOT_KEY = Buffer.alloc(32, 9)

/** A sealed record as the sanitizer writes it: 1 ‖ epoch ‖ nonce ‖ AES-256-GCM ‖ tag, inside a length and the content. */
function sealed(topic: string, content: Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', ROOT_KEY, '', `weir/sealed/${topic}/1`, 32))
  const nonce = Buffer.alloc(12, 3)
  const sealing = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(topic))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const body = [sealing.update(Buffer.concat([length, content])), sealing.final(), sealing.getAuthTag()]
  return Buffer.concat([Buffer.of(1, 1), nonce, ...body])
}

/** The value of an audit record. */
export function auditValue({ chunk }: Audited): Buffer {
  const consent = chunk.consent.map((one) => ({ statePosition: 0, ...one }))
  const plain = { ...chunk, contract: Buffer.from(chunk.contract, 'hex'), consent }
  const type = avro.Type.forSchema(chunkSchema as avro.Schema)
  return sealed('weir.audit', Buffer.concat([Buffer.of(1), type.toBuffer(plain)]))
}
