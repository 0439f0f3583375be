import { randomBytes, randomInt } from 'node:crypto'
import { loadContracts, type Stream } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { GrantKeys, KeyRing, purposeKeys, referenceHasher, sealer } from '@weir/pseudonym'
import { PlanError, type ReplayPlan } from '@weir/replay'
import { readKeyFile, readRootKeys, topicName } from '@weir/service'
import { Marks } from '@weir/transcoder'
import type { Clock, Environment } from './environment.ts'
import { openOutputs } from './open-outputs.ts'
import { httpRegistry } from './registry.ts'
import { WriterSchemas } from './writer-schemas.ts'

const REMEMBERED_GRANTS = 50_000

export interface CountingParts {
  readonly plan: ReplayPlan
  readonly settings: {
    readonly WEIR_NAMESPACE: string
    readonly WEIR_CONTRACTS: string
    readonly WEIR_ROOT_KEY_FILE: string
    readonly WEIR_REFERENCE_KEY_FILE: string
    readonly SCHEMA_REGISTRY_URL: string
  }
  readonly kafka: Kafka
  readonly consent: Environment['consent']
  readonly clock: Clock
  /** Told why it waits: set-up has not made the outputs yet, or the registry is away. */
  readonly waiting: (why: string) => void
}

const refuse = () => Promise.reject(new Error('counting publishes nothing'))
const nothingPublished: Environment['transactions'] = { init: refuse, begin: refuse, close: refuse }
const nobody: Environment['member'] = {
  groupId: '',
  assigned: [],
  withIdentity: refuse,
  confirmed: refuse,
  commit: refuse,
  leave: refuse,
}

/** What the pipeline needs up to its transaction; the parts that publish refuse. */
export async function countingEnvironment(parts: CountingParts): Promise<Environment> {
  const { plan, settings, kafka, consent, clock } = parts
  const { keys, current } = readRootKeys(settings.WEIR_ROOT_KEY_FILE)
  const ring = new KeyRing(keys, current)
  const contracts = loadContracts(settings.WEIR_CONTRACTS)
  const stream = replayedStream(contracts.streams, plan)
  const registry = httpRegistry(settings.SCHEMA_REGISTRY_URL)
  const opened = await openOutputs({
    kafka,
    registry,
    stream,
    purposes: contracts.purposes,
    name: (plain) => topicName(settings.WEIR_NAMESPACE, plain),
    clock,
    log: { warn: ({ why }: { readonly why: string }) => parts.waiting(why) },
    signal: new AbortController().signal,
  })
  const secrets = purposeKeys(ring)
  return {
    stream,
    rawTopic: plan.rawTopic,
    ...opened,
    audit: { ...opened.audit, kind: 'replay', source: plan.rawTopic, contract: Buffer.from(plan.contract, 'hex') },
    schemas: new WriterSchemas(registry, stream, `${plan.rawTopic}-value`),
    marks: new Marks(),
    consent,
    references: referenceHasher(readKeyFile(settings.WEIR_REFERENCE_KEY_FILE)),
    grantKeys: stream.outputs.map(({ purpose }) => new GrantKeys(secrets, purpose.name, REMEMBERED_GRANTS)),
    sealer: sealer(ring),
    transactions: nothingPublished,
    member: nobody,
    clock,
    random: { below: (below) => randomInt(below), bytes: (length) => randomBytes(length) },
  }
}

/** The stream with the purposes that are replayed. */
function replayedStream(streams: readonly Stream[], plan: ReplayPlan): Stream {
  const stream = streams.find(({ name }) => name === plan.stream)
  const outputs = stream?.outputs.filter(({ purpose }) => plan.outputs.some((one) => one.purpose === purpose.name))
  if (stream !== undefined && outputs?.length === plan.outputs.length) return { ...stream, outputs }
  throw new PlanError(
    'WEIR_PLAN_CONTRACT',
    `The contract has not all purposes of ${plan.stream} that the plan names. Plan again.`,
  )
}
