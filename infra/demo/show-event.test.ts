import { resolve } from 'node:path'
import { loadContracts, type Stream } from '@weir/contracts'
import { planStream } from '@weir/test/workload/stream.ts'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { beforeAndAfter } from './show-event.ts'

const stream = loadContracts(resolve(import.meta.dirname, '../contracts')).streams[0] as Stream
const [planned] = [...planStream({ seed: 1, events: 100, purposes: ['analytics'], queries: ['oak lamp'] }).records()]
const event = { ...planned?.event, occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5) }

test('every leaf of the event is shown, and for each purpose with what became of it and why', () => {
  const lines = beforeAndAfter(stream, event, (output) => {
    if (output.purpose.name === 'marketing') return null
    const type = avro.Type.forSchema(output.cleanSchema as avro.Schema)
    const nothing = Object.fromEntries((type as avro.types.RecordType).fields.map((field) => [field.name, null]))
    const value = type.toBuffer({ ...nothing, eventType: 'search', occurredAt: Date.UTC(2026, 0, 2) })
    const granted = output.purpose.name === 'analytics'
    return { key: granted ? Buffer.from('1.abc') : null, value: Buffer.concat([Buffer.alloc(5), value]) }
  })
  const text = lines.join('\n')
  const [before = '', personalization = '', analytics = '', marketing = ''] = text.split(/\nafter, for /)
  for (const { path } of stream.leaves) {
    const name = path.filter((step) => !step.startsWith('{')).join('.')
    expect(before).toContain(name)
    expect(personalization.replace(/\s+/g, ' ')).toContain(name)
  }
  expect(before).toContain('2026-01-02T03:04:05.000Z')
  expect(personalization).toContain('stripped: no grant covers it')
  expect(personalization).toMatch(/occurredAt +2026-01-02T00:00:00.000Z +\(by the day\)/)
  expect(analytics).toContain('granted, under the pseudonym 1.abc')
  expect(marketing).toContain('withheld')
})
