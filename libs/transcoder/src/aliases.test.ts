import { type Contracts, loadContracts } from '@weir/contracts'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { ByteSink } from './byte-sink.ts'
import { FaultCode } from './faults.ts'
import { purpose } from './fixtures/random-contract.ts'
import { newLocated } from './read/located.ts'
import { compileLocator } from './read/locator.ts'
import { Marks } from './read/marks.ts'
import { compileRewriter } from './reference/rewriter.ts'
import { compileTranscoder } from './transcoder.ts'

const tagged = (name: string, type: unknown, tags: readonly string[], more: object = {}) => ({
  name,
  type,
  'confluent:tags': tags,
  doc: `The ${name}.`,
  ...more,
})
const time = { type: 'long', logicalType: 'timestamp-millis' }
const old = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'who', type: 'string' },
    { name: 'at', type: time },
    { name: 'deviceId', type: ['null', 'string'] },
    { name: 'gpc', type: ['null', 'boolean'] },
    { name: 'kind', type: 'string' },
    { name: 'word', type: 'string' },
  ],
}
const now = {
  type: 'record',
  name: 'Event',
  fields: [
    tagged('person', 'string', ['subject', 'PII'], { aliases: ['who'] }),
    tagged('time', time, ['event-time'], { aliases: ['at'] }),
    tagged('device', ['null', 'string'], ['device'], { default: null, aliases: ['deviceId'] }),
    tagged('signal', ['null', 'boolean'], ['own-signal'], { default: null, aliases: ['gpc'] }),
    tagged('topic', 'string', ['code'], { aliases: ['kind'] }),
    tagged('query', 'string', ['code'], { aliases: ['word'] }),
  ],
}

const contracts: Contracts = loadContracts(
  new Map([
    ['purposes.yaml', purpose('tips') + purpose('health')],
    ['shop/event.avsc', JSON.stringify(now)],
    [
      'shop/tips.1.yaml',
      JSON.stringify({
        purpose: 'tips',
        notice: 1,
        from: 'shop.raw',
        to: 'shop.tips',
        retention: '90d',
        recipients: ['recommender'],
        granted: { query: 'keep', topic: 'keep' },
        sensitive: { by: 'topic', values: 'lists/ill.txt', needs: 'health' },
      }),
    ],
    ['lists/ill.txt', 'flu\n'],
  ]),
)
const [stream] = contracts.streams
const output = stream?.outputs[0]
const branch = output?.policies[0]?.granted

const event = (kind: string): Buffer =>
  avro.Type.forSchema(old as avro.Schema, { wrapUnions: false }).toBuffer({
    who: 'anna',
    at: 1_700_000_000_000,
    deviceId: 'phone',
    gpc: true,
    kind,
    word: 'tea',
  })

test('An event of an older schema, whose fields go by aliases, is found, denied and rewritten by the names of the contract', () => {
  if (stream === undefined || output === undefined || branch === undefined) throw new Error('the contract has a policy')
  const locator = compileLocator(old, stream)
  if ('unusable' in locator) throw new Error(locator.unusable)
  const located = newLocated()
  const bytes = event('tea')
  expect(locator.locate(bytes, 0, bytes.length, located)).toBe(FaultCode.ok)
  expect(Buffer.from(located.subject).toString()).toBe('anna')
  expect(Buffer.from(located.device ?? []).toString()).toBe('phone')
  expect(located.ownSignal).toBe(true)

  const transcoder = compileTranscoder(old, [{ cleanSchema: output.cleanSchema, branch }], stream.rawSchema)
  const reference = compileRewriter(old, output.cleanSchema, branch, stream.rawSchema)
  const rewritten = (record: Buffer): Buffer | null => {
    const marks = new Marks()
    const sink = new ByteSink()
    const isOutput = transcoder.branches[0]?.write(
      marks,
      transcoder.read(record, 0, record.length, marks),
      sink,
      null,
      false,
    )
    return isOutput === true ? sink.written() : null
  }
  const clean = rewritten(bytes)
  expect(clean).toEqual(reference.rewrite(bytes, 0, bytes.length, null, false))
  expect(clean?.includes('tea')).toBe(true)

  // What `sensitive` looks at goes by an alias too.
  const ill = event('flu')
  expect(rewritten(ill)).toBe(null)
  expect(reference.rewrite(ill, 0, ill.length, null, false)).toBe(null)
})
