import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { mayHaveDocker } from './docker.ts'
import { kafka } from './kafka.ts'
import { redis } from './redis.ts'
import { registry, registryPath } from './registry.ts'

const service = z.object({
  image: z.string(),
  ports: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.number() }),
})
const compose = z.strictObject({
  services: z.strictObject({ kafka: service, redis: service, registry: service }),
})

const read = (name: string) => readFile(resolve(import.meta.dirname, name), 'utf8')
const { services } = compose.parse(parse(await read('docker-compose.yml')))

/** Where things are differs between the two ways; what they are must not. */
const PLACES = ['controller.quorum.voters', 'listeners', 'advertised.listeners', 'log.dirs']

/** Compose's way to say: this variable, or else this port. */
const chosen = (part: string, otherwise: number) => `\${WEIR_${part}_PORT:-${otherwise}}`

describe('the containers', () => {
  it('are of the versions that the native stack brings', async () => {
    const pom = await read('pom.xml')
    const version = (artifact: string) =>
      new RegExp(`<artifactId>${artifact}</artifactId>\\s*<version>([^<]+)`).exec(pom)?.[1]
    expect(services.kafka.image).toBe(`apache/kafka:${version('kafka_2.13')}`)
    expect(services.registry.image).toBe(`apicurio/apicurio-registry-mem:${version('apicurio-registry-app')}`)
    expect(services.redis.image).toMatch(/^redis:7\.\d+-alpine$/)
  })

  it('run the broker with the settings of the native one', async () => {
    const native = Object.entries(await nativeBroker()).filter(([name]) => !PLACES.includes(name))
    for (const [name, value] of native) {
      expect.soft(services.kafka.environment[`KAFKA_${name.replaceAll('.', '_').toUpperCase()}`], name).toBe(value)
    }
    const places = PLACES.map((name) => `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`)
    const others = Object.keys(services.kafka.environment).filter((name) => !places.includes(name))
    expect(others).toHaveLength(native.length + 1)
    expect(others).toContain('KAFKA_HEAP_OPTS')
  })

  it('run Redis with the policy of the native one, and the registry on a file', () => {
    const args = redis({ binary: 'redis-server', env: {} }).args({ dataFolder: '/data', ports: [1] })
    for (const name of ['--save', '--appendonly', '--maxmemory-policy']) {
      expect(services.redis.command[services.redis.command.indexOf(name) + 1]).toBe(args[args.indexOf(name) + 1])
    }
    const env = registry({ java: 'java', jar: 'x.jar', env: {} }).env({ dataFolder: '/tmp', ports: [1] })
    expect(services.registry.environment).toEqual({ REGISTRY_DATASOURCE_URL: env['REGISTRY_DATASOURCE_URL'] })
  })

  it('listen on this machine alone, at ports that can be chosen, and each tells whether it is healthy', () => {
    const ports = Object.values(services).flatMap((one) => one.ports)
    expect(ports).toEqual([
      `127.0.0.1:${chosen('KAFKA', 9092)}:9092`,
      `127.0.0.1:${chosen('REDIS', 6379)}:6379`,
      `127.0.0.1:${chosen('REGISTRY', 8080)}:8080`,
    ])
    expect(services.kafka.environment['KAFKA_ADVERTISED_LISTENERS']).toBe(
      `PLAINTEXT://127.0.0.1:${chosen('KAFKA', 9092)}`,
    )
    expect(services.registry.healthcheck.test.join(' ')).toContain(registryPath)
  })
})

describe('a Docker engine', () => {
  it('may be there where DOCKER_HOST or a socket says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-docker-'))
    try {
      expect(mayHaveDocker({ DOCKER_HOST: 'tcp://127.0.0.1:2375' })).toBe(true)
      expect(mayHaveDocker({ XDG_RUNTIME_DIR: folder, DOCKER_HOST: ' ' })).toBe(mayHaveDocker({}))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

async function nativeBroker(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-compose-'))
  try {
    const part = kafka({ java: 'java', classPath: 'kafka/*', config: {}, heapMb: 1, env: {} })
    await part.prepare({ dataFolder: folder, ports: [1, 2] }, async () => {})
    const lines = (await readFile(join(folder, 'server.properties'), 'utf8')).trim().split('\n')
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}
