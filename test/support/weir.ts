import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadContracts } from '@weir/contracts'
import { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import { applyContracts } from '@weir/infra/kafka/apply.ts'
import type { StackEnv } from '@weir/infra/stack/index.ts'
import { connectKafka, type Kafka } from '@weir/kafka'
import avro from 'avsc'
import { dump, type ForeignRecord, type ProduceOptions, produce } from './foreign/foreign.ts'
import { until } from './until.ts'

const SAMPLE_CONTRACTS = fileURLToPath(new URL('../../infra/contracts', import.meta.url))
export type ServiceName = 'projector' | 'consent' | 'sanitizer' | 'forgetter'
export const ALL_SERVICES: readonly ServiceName[] = ['projector', 'consent', 'sanitizer']

export interface WeirOptions {
  readonly stack: StackEnv
  readonly contracts?: string
  readonly rawPartitions?: number
}

export interface Decision {
  readonly subject: string
  readonly kind: 'grant' | 'withdraw' | 'object'
  readonly purposes: readonly string[]
  readonly subjectKind?: 'user' | 'device'
}

export interface RawRecord {
  readonly key: string | Buffer | null
  readonly value: Buffer | null
  readonly partition?: number
}

export interface CleanRecord extends ForeignRecord {
  readonly event: Record<string, unknown>
}

/**
 * All of Weir on a stack, in a namespace of its own: keys, contract, services as processes. Raw events are written and
 * clean ones read by Kafka's own Java client; consent goes through the HTTP API.
 */
export class Weir {
  readonly namespace = `t${randomUUID().slice(0, 8)}.`
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-test-'))
  readonly stack: StackEnv
  readonly contracts: string
  readonly services = new Map<string, ServiceProcess>()
  readonly #rawPartitions: number
  readonly token = randomBytes(24).toString('hex')
  #kafka: Kafka | null = null
  #rawSchemaId = 0
  #runs = 0

  constructor({ stack, contracts = SAMPLE_CONTRACTS, rawPartitions = 2 }: WeirOptions) {
    this.stack = stack
    this.contracts = resolve(contracts)
    this.#rawPartitions = rawPartitions
    for (const key of ['root', 'reference']) {
      writeFileSync(join(this.folder, `${key}.key`), randomBytes(32), { mode: 0o600 })
    }
    writeFileSync(join(this.folder, 'token'), this.token, { mode: 0o600 })
  }

  get env(): Record<string, string> {
    return {
      ...this.stack,
      WEIR_NAMESPACE: this.namespace,
      WEIR_CONTRACTS: this.contracts,
      WEIR_ROOT_KEY_FILE: join(this.folder, 'root.key'),
      WEIR_REFERENCE_KEY_FILE: join(this.folder, 'reference.key'),
      WEIR_SERVICE_TOKEN_FILE: join(this.folder, 'token'),
    }
  }

  topic(name: string): string {
    return this.namespace + name
  }

  /** Topics and schemas, as set-up makes them. */
  async apply(): Promise<void> {
    await applyContracts({
      kafka: await this.kafka(),
      registryUrl: this.stack.SCHEMA_REGISTRY_URL,
      contracts: loadContracts(this.contracts),
      namespace: this.namespace,
      rawPartitions: this.#rawPartitions,
      log: { info: () => {} },
    })
    this.#rawSchemaId = await this.schemaId('clickstream.raw')
  }

  /** Starts a service under a name; two of one kind need two names and slots. */
  start(kind: ServiceName, name: string = kind, env: Readonly<Record<string, string>> = {}): ServiceProcess {
    const logFile = join(this.folder, `${name}.${this.#runs++}.log`)
    const started = new ServiceProcess({ name: kind, env: { ...this.env, ...env }, logFile })
    this.services.set(name, started)
    return started
  }

  async startAll(kinds: readonly ServiceName[] = ALL_SERVICES): Promise<void> {
    await Promise.all(kinds.map((kind) => this.start(kind).ready()))
  }

  service(name: string): ServiceProcess {
    const service = this.services.get(name)
    if (!service) throw new Error(`no service ${name} was started`)
    return service
  }

  /** Records a decision and waits until it is effective; answers its id and how it ended. */
  async decide({ subject, subjectKind = 'user', kind, purposes }: Decision): Promise<{ id: string; status: string }> {
    // 503 means: not now; with the same id it may be said again.
    const shown = kind === 'grant' ? { notice: this.notices(purposes) } : {}
    const body = { decisionId: randomUUID(), subject: { kind: subjectKind, id: subject }, kind, purposes, ...shown }
    const made = await until('decision recorded', () => this.api('POST', '/v1/decisions', body))
    const id = made['decisionId'] as string
    return until(`decision ${id} folded`, async () => {
      const { status } = await this.api('GET', `/v1/decisions/${id}?waitMs=5000`)
      return status === 'pending' ? null : { id, status: status as string }
    })
  }

  /** The notice in force of each purpose, as a grant sends what was shown. */
  notices(purposes: readonly string[]): Record<string, number> {
    const known = loadContracts(this.contracts).purposes.filter((purpose) => purposes.includes(purpose.name))
    return Object.fromEntries(known.map((purpose) => [purpose.name, purpose.notice]))
  }

  async api(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Record<string, unknown>> {
    const { status, body: answer } = await this.ask(method, path, body)
    if (status >= 400) throw new Error(`${method} ${path.split('?')[0]}: ${status} ${JSON.stringify(answer)}`)
    return answer
  }

  /** As `api`, with refusals as answers. */
  async ask(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${await this.service('consent').url('http')}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  /** A raw event in wire format, by the contract's schema or another that is registered. */
  event(subject: string, leaves: Record<string, unknown> = {}, as?: { schema: unknown; id: number }): Buffer {
    const schema = as?.schema ?? JSON.parse(readFileSync(join(this.contracts, 'clickstream/event.avsc'), 'utf8'))
    const type = avro.Type.forSchema(schema as avro.Schema)
    const header = Buffer.alloc(5)
    header.writeUInt32BE(as?.id ?? this.#rawSchemaId, 1)
    return Buffer.concat([header, type.toBuffer({ ...plainEvent(subject), ...leaves })])
  }

  /** Kafka's own client writes them to the raw topic. */
  async publish(records: readonly RawRecord[], options: ProduceOptions = {}): Promise<void> {
    await produce(
      this.stack.KAFKA_BROKERS,
      records.map(({ key, value, partition }) => ({
        topic: this.topic('clickstream.raw'),
        key: key === null ? null : Buffer.from(key),
        value,
        ...(partition === undefined ? {} : { partition }),
      })),
      options,
    )
  }

  /** Waits until the sanitizer has committed all that is in the raw topic now. */
  async drained(limitMs = 60_000): Promise<void> {
    const kafka = await this.kafka()
    const raw = Array.from({ length: this.#rawPartitions }, (_, partition) => ({
      topic: this.topic('clickstream.raw'),
      partition,
    }))
    const ends = await until('the ends of raw', () => kafka.endOffsets(raw, 'stable'))
    await until(
      'raw drained',
      async () => {
        const committed = await kafka.committedOffsets(this.topic('sanitizer.clickstream'), raw)
        if (committed.every((offset, at) => Math.max(0, offset) >= (ends[at] as number))) return true
        throw new Error(`committed ${committed.join(' ')} of ${ends.join(' ')}`)
      },
      limitMs,
    )
  }

  /** What a recommendation service sees of a purpose: Kafka's own client, read_committed, decoded by the registry. */
  async clean(purpose: string): Promise<CleanRecord[]> {
    const topic = this.topic(`clickstream.${purpose}`)
    const records = await dump(this.stack.KAFKA_BROKERS, [topic])
    const type = avro.Type.forSchema((await this.registered(`clickstream.${purpose}`)).schema as avro.Schema)
    return records.map((record) => ({ ...record, event: type.fromBuffer((record.value as Buffer).subarray(5)) }))
  }

  async dump(...names: readonly string[]): Promise<ForeignRecord[]> {
    return dump(
      this.stack.KAFKA_BROKERS,
      names.map((name) => this.topic(name)),
    )
  }

  async schemaId(name: string): Promise<number> {
    return (await this.registered(name)).id
  }

  async registered(name: string): Promise<{ id: number; schema: unknown }> {
    const url = `${this.stack.SCHEMA_REGISTRY_URL}/subjects/${this.topic(name)}-value/versions/latest`
    const response = await fetch(url)
    if (!response.ok) throw new Error(`${url}: ${response.status}`)
    const { id, schema } = (await response.json()) as { id: number; schema: string }
    return { id, schema: JSON.parse(schema) }
  }

  /** Registers another version of the raw schema, as a producer would. */
  async register(name: string, schema: unknown): Promise<{ schema: unknown; id: number }> {
    const response = await fetch(`${this.stack.SCHEMA_REGISTRY_URL}/subjects/${this.topic(name)}-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    if (!response.ok) throw new Error(`registering ${name}: ${response.status} ${await response.text()}`)
    return { schema, id: ((await response.json()) as { id: number }).id }
  }

  /** All that a service has logged, over its runs. */
  log(name: string): string {
    const files = this.logFiles().filter((file) => basename(file).startsWith(`${name}.`))
    return files.map((file) => readFileSync(file, 'utf8')).join('')
  }

  logFiles(): string[] {
    const files = readdirSync(this.folder).filter((file) => file.endsWith('.log'))
    return files.map((file) => join(this.folder, file))
  }

  async kafka(): Promise<Kafka> {
    this.#kafka ??= await connectKafka({ brokers: this.stack.KAFKA_BROKERS.split(','), clientId: 'weir-test' })
    return this.#kafka
  }

  async close(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop('SIGKILL')))
    await this.#kafka?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function plainEvent(subject: string): Record<string, unknown> {
  return {
    eventId: randomUUID(),
    eventType: 'product_view',
    occurredAt: Date.now(),
    subjectId: subject,
    sessionId: `session-of-${subject}`,
    anonymousId: null,
    deviceId: null,
    context: { gpc: null },
    page: { url: 'https://shop.example/c/shoes/p/1', path: '/c/shoes/p/1', referrer: null, title: null },
    device: { userAgent: 'a browser', ip: '203.0.113.9', language: 'en-GB', viewport: null },
    geo: null,
    product: { sku: 'SKU-1', category: 'shoes', priceCents: 1999, currency: 'EUR' },
    searchQuery: null,
    email: null,
    phone: null,
    experiments: {},
  }
}
