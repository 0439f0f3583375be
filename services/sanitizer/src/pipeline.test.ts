import { KafkaError, TransactionError } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import {
  chunkOf,
  grant,
  makeWorld,
  NOW_MS,
  processWhole,
  rawEvent,
  refOf,
  stateWith,
  type World,
} from '../fixtures/environment.ts'
import { processChunk } from './pipeline.ts'

const anna = { key: 'anna', value: rawEvent('anna') }

function worldWithAnna(): World {
  const world = makeWorld()
  world.states.set(refOf('anna'), stateWith({ personalization: grant() }))
  return world
}

describe('a chunk', () => {
  it('is looked up, produced and fenced inside one transaction, and committed last', async () => {
    const world = worldWithAnna()
    const outcome = await processWhole(world.env, chunkOf([anna]))
    expect(world.acts).toEqual([
      'in flight',
      'registry schema 7',
      'lookup 1',
      'begin 0@1',
      'produce clickstream.personalization:1 clickstream.analytics:1',
      'fence',
      'produce weir.audit:1',
      'commit',
      'landed',
    ])
    expect(outcome).toMatchObject({
      kind: 'committed',
      tally: {
        rows: 1,
        outputs: [
          { granted: 1, stripped: 0, withheld: 0 },
          { granted: 0, stripped: 1, withheld: 0 },
          { granted: 0, stripped: 0, withheld: 1 },
        ],
      },
    })
  })

  it('pauses with all done but the sending: its raw bytes are not needed any more, and consent is still watched', async () => {
    const atOnce = worldWithAnna()
    await processWhole(atOnce.env, chunkOf([anna]))
    const world = worldWithAnna()
    const chunk = chunkOf([anna])
    const way = processChunk(world.env, chunk)
    expect(await way.next()).toEqual({ done: false, value: undefined })
    expect(world.acts).toEqual(['in flight', 'registry schema 7', 'lookup 1'])
    for (const source of chunk.rows.source) source.fill(0)
    expect(await way.next()).toMatchObject({ done: true, value: { kind: 'committed' } })
    expect(world.produced).toEqual(atOnce.produced)
    expect(world.acts).toEqual(atOnce.acts)
  })

  it('that is dropped at its pause sends nothing, and holds no base of consent any more', async () => {
    const world = worldWithAnna()
    const way = processChunk(world.env, chunkOf([anna]))
    await way.next()
    await way.return(null)
    expect(world.acts).toEqual(['in flight', 'registry schema 7', 'lookup 1', 'landed'])
  })

  it('is aborted and decided again when a person withdrew between lookup and fence', async () => {
    const world = worldWithAnna()
    world.whileOpening = () =>
      world.states.set(
        refOf('anna'),
        stateWith({ personalization: { ...grant(), status: 'withdrawn', salt: null } }, 9),
      )
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'stale' })
    expect(world.acts.slice(-3)).toEqual(['fence', 'abort', 'landed'])
    expect(world.acts).not.toContain('commit')
  })

  it('is aborted when a grant was replaced by another one, since its pseudonyms differ', async () => {
    const world = worldWithAnna()
    world.whileOpening = () =>
      world.states.set(refOf('anna'), stateWith({ personalization: grant('cd'.repeat(16)) }, 9))
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'stale' })
  })

  it('is committed when what changed gives the same bytes', async () => {
    const world = worldWithAnna()
    const withdrawn = { ...grant(), status: 'withdrawn' as const, salt: null }
    world.whileOpening = () =>
      world.states.set(refOf('anna'), stateWith({ personalization: grant(), marketing: withdrawn }, 9))
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'committed' })
  })

  it('is held before any transaction while consent is cold', async () => {
    const world = worldWithAnna()
    world.held = true
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'held', reason: 'consent-cold' })
    expect(world.acts).toEqual(['in flight', 'registry schema 7', 'lookup 1', 'landed'])
  })

  it('is aborted and held when consent went cold before the fence', async () => {
    const world = worldWithAnna()
    world.fence = () => ({ kind: 'held', reason: 'consent-cold', retryAfterMs: 5 })
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'held' })
    expect(world.acts.slice(-2)).toEqual(['abort', 'landed'])
  })

  it('needs no consent part when no row names a person', async () => {
    const world = makeWorld()
    world.held = true
    expect(await processWhole(world.env, chunkOf([{ key: 'anna', value: null }]))).toMatchObject({ kind: 'committed' })
    expect(world.acts).not.toContain('fence')
  })

  it.each([
    ['aborted', 'stale'],
    ['unknown', 'unknown'],
    ['fenced', 'fenced'],
  ] as const)('ends as the broker ended its transaction: %s gives %s', async (outcome, kind) => {
    for (const step of ['begin', 'produce', 'audit', 'commit'] as const) {
      const world = worldWithAnna()
      world.fail[step] = new TransactionError(outcome, 'planted')
      expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind })
    }
  })

  it('has an unknown outcome after any other error of Kafka', async () => {
    const world = worldWithAnna()
    world.fail.commit = new KafkaError('planted', true)
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'unknown' })
  })

  it('lets a bug through, after the transaction was aborted', async () => {
    const world = worldWithAnna()
    world.fence = () => {
      throw new Error('a bug')
    }
    await expect(processWhole(world.env, chunkOf([anna]))).rejects.toThrow('a bug')
    expect(world.acts.slice(-2)).toEqual(['abort', 'landed'])
  })
})

describe('quarantine', () => {
  const bad = [
    ['WEIR_EVENT_EMPTY', 'anna', null],
    ['WEIR_EVENT_NOT_WIRE_FORMAT', 'anna', Buffer.from('{"eventId":1}')],
    ['WEIR_EVENT_SCHEMA_UNKNOWN', 'anna', Buffer.concat([Buffer.of(0, 0, 0, 0, 99), rawEvent('anna').subarray(5)])],
    ['WEIR_EVENT_MALFORMED', 'anna', rawEvent('anna').subarray(0, 40)],
    ['WEIR_EVENT_TRAILING_BYTES', 'anna', Buffer.concat([rawEvent('anna'), Buffer.of(0)])],
    ['WEIR_EVENT_SUBJECT_EMPTY', '', rawEvent('')],
    ['WEIR_EVENT_KEY_DIFFERS', 'berta', rawEvent('anna')],
    ['WEIR_EVENT_KEY_DIFFERS', null, rawEvent('anna')],
    ['WEIR_EVENT_TIME_OUT_OF_RANGE', 'anna', rawEvent('anna', { occurredAt: -1 })],
    ['WEIR_EVENT_DEVICE_EMPTY', 'anna', rawEvent('anna', { deviceId: '' })],
  ] as const

  it.each(bad)('takes a record that is %s, and the stream goes on', async (code, key, value) => {
    const world = worldWithAnna()
    const outcome = await processWhole(world.env, chunkOf([{ key, value }, anna]))
    expect(outcome).toMatchObject({ kind: 'committed', tally: { rows: 2, quarantined: new Map([[code, 1]]) } })
    expect(world.acts).toContain(
      'produce clickstream.personalization:1 clickstream.analytics:1 clickstream.quarantine:1',
    )
  })

  it('shows nothing of the record but its place and a reason', async () => {
    const world = worldWithAnna()
    const secret = 'unmistakable-value'
    await processWhole(world.env, chunkOf([{ key: 'anna', value: Buffer.from(secret) }]))
    const bytes = Buffer.concat(world.produced.map((batch) => batch.bytes)).toString('latin1')
    expect(bytes).toContain('WEIR_EVENT_NOT_WIRE_FORMAT')
    expect(bytes).not.toContain(secret)
    expect(bytes).not.toContain('anna')
  })
})

describe('a registry', () => {
  it('that is away holds the chunk', async () => {
    const world = worldWithAnna()
    world.registry = 'away'
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'held', reason: 'registry-away' })
  })

  it('that lost everything holds the chunk instead of emptying the stream into quarantine', async () => {
    const world = worldWithAnna()
    world.registry = 'emptied'
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'held', reason: 'registry-away' })
    world.registry = 'up'
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'committed' })
  })

  it('is not asked again for a schema that is known', async () => {
    const world = worldWithAnna()
    await processWhole(world.env, chunkOf([anna]))
    world.registry = 'away'
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'committed' })
  })
})

describe('an event time', () => {
  it('later than the append counts as the append time, also against a grant that began in between', async () => {
    const world = worldWithAnna()
    const later = { ...grant(), sinceMs: NOW_MS + 1_000 }
    world.states.set(refOf('anna'), stateWith({ personalization: later }))
    const future = { key: 'anna', value: rawEvent('anna', { occurredAt: NOW_MS + 5_000 }) }
    expect(await processWhole(world.env, chunkOf([future]))).toMatchObject({
      tally: { outputs: [{ granted: 0, stripped: 1 }, {}, {}] },
    })
  })
})
