import type { Stream } from '@weir/contracts'
import avro from 'avsc'
import { expect, it } from 'vitest'
import { chunkOf, grant, makeWorld, processWhole, rawEvent, refOf, sample, stateWith } from '../fixtures/environment.ts'

const OLD_ID = 8

it('hears the refusal of a device whose leaf older producers call by an alias', async () => {
  const renamed: Stream = { ...sample, rawSchema: changed({ aliases: ['gadget'] }) }
  const world = makeWorld(renamed)
  const old = changed({ name: 'gadget' })
  world.schemas.set(OLD_ID, old)
  world.states.set(refOf('anna'), stateWith({ marketing: grant('3'.repeat(32)) }))
  world.states.set(
    refOf('refusing', 'device'),
    stateWith({ marketing: { ...grant(), status: 'objected' as const, salt: null } }),
  )

  for (const [gadget, published] of [
    ['refusing', 0],
    ['other', 1],
  ] as const) {
    world.produced.length = 0
    const outcome = await processWhole(world.env, chunkOf([{ key: 'anna', value: event(old, gadget) }]))
    expect(outcome.kind).toBe('committed')
    const marketing = world.produced.filter(({ topic }) => topic === 'clickstream.marketing')
    expect(marketing.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(published)
  }
})

/** The sample's raw schema with something else said of `deviceId`. */
function changed(change: object): unknown {
  const schema = structuredClone(sample.rawSchema) as { fields: { name: string }[] }
  schema.fields = schema.fields.map((field) => (field.name === 'deviceId' ? { ...field, ...change } : field))
  return schema
}

function event(schema: unknown, gadget: string): Buffer {
  const plain = avro.Type.forSchema(structuredClone(sample.rawSchema) as avro.Schema)
  const type = avro.Type.forSchema(structuredClone(schema) as avro.Schema)
  const fields = plain.fromBuffer(rawEvent('anna').subarray(5)) as object
  return Buffer.concat([Buffer.of(0, 0, 0, 0, OLD_ID), type.toBuffer({ ...fields, gadget })])
}
