import { join } from 'node:path'
import avro from 'avsc'
import { afterAll, describe, expect, it } from 'vitest'
import { ContractCopy } from '../support/contract-copy.ts'
import { produce } from '../support/foreign/foreign.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { type CliRun, weirCli } from '../support/weir-cli.ts'

const PARTITIONS = 2

/** What a producer brings along: no tags, no docs, and names of its own. */
const TICKET = {
  type: 'record',
  name: 'Ticket',
  namespace: 'example.cinema',
  fields: [
    { name: 'ticketId', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'customerId', type: 'string' },
    { name: 'soldAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'email', type: ['null', 'string'], default: null },
    {
      name: 'channel',
      type: { type: 'enum', name: 'Channel', symbols: ['web', 'desk', 'other'], default: 'other' },
    },
    {
      name: 'seats',
      type: {
        type: 'array',
        items: { type: 'record', name: 'Seat', fields: [{ name: 'price', type: 'double' }] },
      },
    },
  ],
}

describe('a second stream', () => {
  const contract = new ContractCopy()
  const weir = sharedWeir({ contracts: contract.folder, rawPartitions: PARTITIONS })
  afterAll(() => contract.remove())

  it('is made, applied and live without code, beside the first', async () => {
    contract.write('ticket.avsc.txt', JSON.stringify(TICKET))
    const schema = join(contract.folder, 'ticket.avsc.txt')
    await ok(['contract', 'new', 'tickets', '--schema', schema, '--purpose', 'analytics', '--execute'])
    await ok(['policy', 'test', 'tickets'])

    // A reviewer lets one more leaf through, in the draft that nobody has agreed to yet.
    const policy = 'tickets/analytics.2.yaml'
    contract.write(policy, contract.changed(policy, 'granted:\n', 'granted:\n  seats[].price: bucket(0, 10, 20)\n'))
    await ok(['policy', 'lint', '--no-notes'])

    const apply = ['contract', 'apply', '--raw-partitions', String(PARTITIONS)]
    expect((await ok(apply)).out).toContain('tickets.analytics')
    await expect(weir().schemaId('tickets.raw')).rejects.toThrow('404')
    await ok([...apply, '--execute'])
    const rawId = await weir().schemaId('tickets.raw')

    await weir().start('sanitizer', 'sanitizer-tickets', { WEIR_STREAM: 'tickets' }).ready()
    // The purpose has its next notice, which the consent service is to show.
    await weir().service('consent').stop('SIGTERM')
    await weir().start('consent').ready()

    await weir().decide({ subject: 'anna', kind: 'grant', purposes: ['analytics'] })
    const soldAt = Date.now()
    await publishTickets(rawId, ['anna', 'stranger', 'anna'], soldAt)
    await drained()

    const records = await weir().dump('tickets.analytics')
    const type = avro.Type.forSchema((await weir().registered('tickets.analytics')).schema as avro.Schema)
    const day = Math.floor(soldAt / 86_400_000) * 86_400_000
    expect(records.map(({ value }) => ({ ...type.fromBuffer((value as Buffer).subarray(5)) }))).toEqual([
      { soldAt: day, channel: 'web', seats: [{ price: 10 }, { price: null }] },
      { soldAt: day, channel: 'web', seats: [{ price: 10 }, { price: null }] },
    ])
    const keys = new Set(records.map(({ key }) => key?.toString()))
    expect([...keys]).toEqual([expect.stringMatching(/^1\.[0-9a-f]{32}$/)])
    expect(Buffer.concat(records.map(({ value }) => value as Buffer)).includes('anna')).toBe(false)

    // The first stream goes on as before.
    await weir().publish([{ key: 'anna', value: weir().event('anna') }])
    await weir().drained()
    expect(await weir().clean('analytics')).toHaveLength(1)
  }, 180_000)

  async function ok(args: readonly string[]): Promise<CliRun> {
    const run = await weirCli([...args, '--contracts', contract.folder], weir().env)
    expect(run.exit, `weir ${args.join(' ')}\n${run.out}${run.said}`).toBe(0)
    return run
  }

  async function publishTickets(schemaId: number, people: readonly string[], soldAt: number): Promise<void> {
    const type = avro.Type.forSchema(TICKET as avro.Schema)
    const header = Buffer.alloc(5)
    header.writeUInt32BE(schemaId, 1)
    const ticket = (customerId: string) => ({
      ticketId: '6c0f6f2e-0a6e-4a34-9a0f-0c3b2a1d4e5f',
      customerId,
      soldAt,
      email: `${customerId}@mail.example`,
      channel: 'web',
      seats: [{ price: 12.5 }, { price: -1 }],
    })
    await produce(
      weir().stack.KAFKA_BROKERS,
      people.map((person) => ({
        topic: weir().topic('tickets.raw'),
        key: Buffer.from(person),
        value: Buffer.concat([header, type.toBuffer(ticket(person))]),
      })),
    )
  }

  async function drained(): Promise<void> {
    const kafka = await weir().kafka()
    const raw = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: weir().topic('tickets.raw'),
      partition,
    }))
    const ends = await kafka.endOffsets(raw, 'stable')
    await until('tickets drained', async () => {
      const committed = await kafka.committedOffsets(weir().topic('sanitizer.tickets'), raw)
      return committed.every((offset, at) => Math.max(0, offset) >= (ends[at] ?? 0))
    })
  }
})
