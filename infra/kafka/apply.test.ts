import { join } from 'node:path'
import { loadContracts } from '@weir/contracts'
import type { Admin, TopicInfo, TopicSpec } from '@weir/kafka'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyContracts } from './apply.ts'
import { type FakeRegistry, fakeRegistry } from './fixtures/fake-registry.ts'
import { planContracts } from './plan.ts'
import { subjectSpecs } from './subjects.ts'

const contracts = loadContracts(join(import.meta.dirname, '../contracts'))
const RAW = 'test.clickstream.raw-value'

/** A cluster that remembers its topics. */
class FakeCluster {
  readonly specs = new Map<string, TopicSpec>()

  readonly admin: Admin = {
    ensureTopics: async (specs) => {
      const created = specs.filter((spec) => !this.specs.has(spec.topic)).map((spec) => spec.topic)
      const same = specs.map((spec) => spec.topic).filter((topic) => !created.includes(topic))
      for (const spec of specs) this.specs.set(spec.topic, spec)
      return { created, changed: [], same }
    },
    topicConfig: async (topic) => ({ ...this.specs.get(topic)?.config }),
    brokerConfigs: async () => new Map(),
    deleteTopics: async () => {},
    deleteRecords: async () => {},
  }

  async topics(names: readonly string[]): Promise<TopicInfo[]> {
    return names
      .map((name) => this.specs.get(name))
      .filter((spec) => spec !== undefined)
      .map(({ topic, partitions }) => ({ topic, topicId: '', partitions }))
  }
}

let registry: FakeRegistry
let kafka: FakeCluster
let log: string[]
beforeEach(async () => {
  registry = await fakeRegistry()
  kafka = new FakeCluster()
  log = []
})
afterEach(() => registry.close())

function options() {
  return {
    kafka,
    registryUrl: registry.url,
    contracts,
    namespace: 'test.',
    rawPartitions: 4,
    log: { info: (_: object, message: string) => log.push(message) },
  }
}

describe('applying a contract', () => {
  it('creates topics and registers raw and clean schemas, each held to its compatibility before it comes', async () => {
    const applied = await applyContracts(options())
    expect(applied.topics.created).toHaveLength(14)
    expect(applied.subjects).toEqual({
      created: [RAW, ...['personalization', 'analytics', 'marketing'].map((to) => `test.clickstream.${to}-value`)],
      newVersion: [],
      changed: [],
      same: [],
    })
    expect([...registry.compatibility.values()]).toEqual(new Array(4).fill('FULL_TRANSITIVE'))
    expect(registry.writes.slice(0, 2)).toEqual([`PUT /api/config/${RAW}`, `POST /api/subjects/${RAW}/versions`])
    expect(log).toContain('topic test.consent.state: created')
  })

  it('registers the raw schema with all its tags', async () => {
    await applyContracts(options())
    expect(JSON.parse(registry.versions.get(RAW)?.[0] ?? '')).toEqual(contracts.streams[0]?.rawSchema)
    expect(registry.versions.get(RAW)?.[0]).toContain('"confluent:tags":["own-signal"]')
  })

  it('writes nothing the second time, and says so', async () => {
    await applyContracts(options())
    registry.writes.length = 0
    const again = await applyContracts(options())
    expect(registry.writes).toEqual([])
    expect([again.topics.created, again.subjects.created, again.subjects.changed]).toEqual([[], [], []])
    expect(again.subjects.same).toHaveLength(4)
    expect(log).toContain(`subject ${RAW}: same`)
  })

  it('sets a compatibility right that somebody has loosened', async () => {
    await applyContracts(options())
    registry.compatibility.set(RAW, 'NONE')
    expect((await applyContracts(options())).subjects.changed).toEqual([RAW])
    expect(registry.compatibility.get(RAW)).toBe('FULL_TRANSITIVE')
  })

  it('leaves a newer schema of a producer in place', async () => {
    await applyContracts(options())
    registry.versions.get(RAW)?.push('{"type":"string"}')
    expect((await applyContracts(options())).subjects.same).toContain(RAW)
    expect(registry.versions.get(RAW)).toHaveLength(2)
  })

  it('refuses a registry that loses tags, since the decision rests on them', async () => {
    registry.keep = (schema) => schema.replaceAll('confluent:tags', 'x')
    await expect(applyContracts(options())).rejects.toMatchObject({ code: 'WEIR_REGISTRY_CHANGED' })
  })

  it.each([409, 422])('tells why the registry refuses a schema (%i)', async (status) => {
    registry.refuse = { status, message: 'READER_FIELD_MISSING_DEFAULT_VALUE' }
    await expect(applyContracts(options())).rejects.toMatchObject({
      code: 'WEIR_REGISTRY_REFUSED',
      message: expect.stringContaining('READER_FIELD_MISSING_DEFAULT_VALUE'),
    })
  })

  it('tells a registry that is away from one that refuses', async () => {
    const away = { ...options(), registryUrl: 'http://127.0.0.1:9/api' }
    await expect(applyContracts(away)).rejects.toMatchObject({ code: 'WEIR_REGISTRY_AWAY' })
    registry.refuse = { status: 500, message: 'out of memory' }
    await expect(applyContracts(options())).rejects.toMatchObject({ code: 'WEIR_REGISTRY_AWAY' })
  })
})

describe('the plan of a contract', () => {
  it('names all that would be created, and writes nothing', async () => {
    const plan = await planContracts(options())
    expect(plan.map((line) => line.does)).toEqual(new Array(18).fill('create'))
    expect([registry.writes, kafka.specs.size]).toEqual([[], 0])
  })

  it('names nothing once applied, and then only what has been changed since', async () => {
    await applyContracts(options())
    expect((await planContracts(options())).every((line) => line.does === 'same')).toBe(true)
    const state = kafka.specs.get('test.consent.state')
    if (state !== undefined) kafka.specs.set(state.topic, { ...state, config: { ...state.config, 'segment.ms': '1' } })
    registry.compatibility.set(RAW, 'NONE')
    const changes = (await planContracts(options())).filter((line) => line.does !== 'same')
    expect(changes.map((line) => [line.name, line.detail])).toEqual([
      ['test.consent.state', 'segment.ms: 1 -> 3600000'],
      [RAW, 'FULL_TRANSITIVE'],
    ])
  })

  it('says that another number of partitions will be refused', async () => {
    await applyContracts(options())
    const plan = await planContracts({ ...options(), rawPartitions: 5 })
    expect(plan.find((line) => line.name === 'test.clickstream.raw')).toMatchObject({
      kind: 'topic',
      does: 'refuse',
      detail: expect.stringContaining('has 4 partitions and must have 5'),
    })
  })

  it('calls another schema of a subject that has one a new version, as the deed does', async () => {
    registry.versions.set(RAW, ['{"type":"string"}'])
    const plan = await planContracts(options())
    expect(plan.find((line) => line.name === RAW)).toMatchObject({ kind: 'subject', does: 'new-version' })
    expect((await applyContracts(options())).subjects.newVersion).toEqual([RAW])
    expect(log).toContain(`subject ${RAW}: new-version`)
  })
})

describe('subjects', () => {
  it('follow the topic, with its namespace', () => {
    expect(subjectSpecs(contracts, 'ns-').map((spec) => spec.subject)[0]).toBe('ns-clickstream.raw-value')
  })
})
