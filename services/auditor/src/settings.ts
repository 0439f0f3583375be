import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { KafkaConfig } from 'kafkajs'
import { z } from 'zod'
import { fingerprintOf } from './contract/fingerprint.ts'
import { EvidenceError } from './evidence.ts'

/** Settings are those of a sanitizer, by the same names; what is asked comes as arguments. */
const environment = z.object({
  WEIR_NAMESPACE: z.string().default(''),
  WEIR_CONTRACTS: z.string(),
  WEIR_ROOT_KEY_FILE: z.string(),
  WEIR_REFERENCE_KEY_FILE: z.string(),
  SCHEMA_REGISTRY_URL: z.url(),
  KAFKA_BROKERS: z.string(),
  KAFKA_SSL: z.enum(['true', 'false']).default('false'),
  KAFKA_SSL_CA_FILE: z.string().optional(),
  KAFKA_SSL_CERT_FILE: z.string().optional(),
  KAFKA_SSL_KEY_FILE: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  KAFKA_SASL_PASSWORD_FILE: z.string().optional(),
  KAFKA_SASL_TOKEN_FILE: z.string().optional(),
})

type Environment = z.output<typeof environment>

export interface Settings {
  readonly namespace: string
  readonly registryUrl: string
  readonly kafka: KafkaConfig
  readonly contracts: ReadonlyMap<string, string>
  readonly rootKeys: ReadonlyMap<number, Buffer>
  readonly referenceKey: Buffer
  readonly fromMs: number
  readonly toMs: number
  readonly purposes: ReadonlySet<string> | null
}

/** @throws EvidenceError that names what is missing, and no value of it */
export function readSettings(env: NodeJS.ProcessEnv, args: readonly string[]): Settings {
  const read = environment.safeParse(env)
  if (!read.success) {
    const names = [...new Set(read.error.issues.map(({ path }) => String(path[0])))]
    throw new EvidenceError(`these settings are missing or wrong: ${names.join(', ')}`)
  }
  const { values } = parseArgs({
    args: [...args],
    options: {
      'from-ms': { type: 'string' },
      'to-ms': { type: 'string' },
      purposes: { type: 'string' },
      contracts: { type: 'string', multiple: true },
    },
  })
  const config = read.data
  const folders = values.contracts ?? [config.WEIR_CONTRACTS]
  return {
    namespace: config.WEIR_NAMESPACE,
    registryUrl: config.SCHEMA_REGISTRY_URL,
    kafka: kafkaOf(config),
    contracts: new Map(folders.map((folder) => [fingerprintOf(resolve(folder)), resolve(folder)])),
    rootKeys: rootKeysOf(config.WEIR_ROOT_KEY_FILE),
    referenceKey: keyOf(config.WEIR_REFERENCE_KEY_FILE),
    fromMs: values['from-ms'] === undefined ? Number.NEGATIVE_INFINITY : Number(values['from-ms']),
    toMs: values['to-ms'] === undefined ? Number.POSITIVE_INFINITY : Number(values['to-ms']),
    purposes: values.purposes === undefined ? null : new Set(values.purposes.split(',').map((name) => name.trim())),
  }
}

function kafkaOf(config: Environment): KafkaConfig {
  const { KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = config
  const files = {
    ...(ca === undefined ? {} : { ca: text(ca) }),
    ...(cert === undefined ? {} : { cert: text(cert) }),
    ...(key === undefined ? {} : { key: text(key) }),
  }
  const ssl = config.KAFKA_SSL === 'false' ? false : Object.keys(files).length === 0 ? true : files
  const brokers = config.KAFKA_BROKERS.split(',').map((broker) => broker.trim())
  return { brokers, ssl, clientId: 'weir-auditor', ...loginOf(config) }
}

function loginOf(config: Environment): Pick<KafkaConfig, 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_TOKEN_FILE: tokenFile } = config
  if (mechanism === undefined) return {}
  if (mechanism === 'oauthbearer') {
    if (tokenFile === undefined)
      throw new EvidenceError('the auditor logs in by oauthbearer with KAFKA_SASL_TOKEN_FILE')
    return { sasl: { mechanism, oauthBearerProvider: async () => ({ value: text(tokenFile).trim() }) } }
  }
  const file = config.KAFKA_SASL_PASSWORD_FILE
  const password = file === undefined ? (config.KAFKA_SASL_PASSWORD ?? '') : text(file).replace(/\r?\n$/, '')
  const login = { username: config.KAFKA_SASL_USERNAME ?? '', password }
  switch (mechanism) {
    case 'plain':
      return { sasl: { mechanism, ...login } }
    case 'scram-sha-256':
      return { sasl: { mechanism, ...login } }
    case 'scram-sha-512':
      return { sasl: { mechanism, ...login } }
  }
}

/** One file is the key of epoch 1; a folder has a file `<epoch>.key` each. */
function rootKeysOf(path: string): Map<number, Buffer> {
  try {
    const files = readdirSync(path).flatMap((name) => {
      const epoch = /^([1-9]\d{0,2})\.key$/.exec(name)?.[1]
      return epoch === undefined ? [] : [[Number(epoch), keyOf(join(path, name))] as const]
    })
    return new Map(files)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return new Map([[1, keyOf(path)]])
    throw error instanceof EvidenceError ? error : new EvidenceError(`the root key at ${path} can't be read`)
  }
}

function keyOf(file: string): Buffer {
  const key = bytes(file)
  if (key.length !== 32) throw new EvidenceError(`${file} is no key of 32 bytes`)
  return key
}

function text(file: string): string {
  return bytes(file).toString('utf8')
}

function bytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new EvidenceError(`the file ${file} can't be read`)
  }
}
