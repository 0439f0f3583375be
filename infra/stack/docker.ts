import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { StackEnv } from './choose-way.ts'
import { StackError } from './errors.ts'
import { freePort } from './ports.ts'
import { registryPath } from './registry.ts'

const SERVICES = ['kafka', 'redis', 'registry'] as const

/** A stack whose parts are containers, on ports of 127.0.0.1. */
export interface DockerStack {
  readonly kind: 'docker'
  readonly env: StackEnv
  /** Removes the containers and their data. */
  stop(): Promise<void>
}

/** Whether there is a socket at which a Docker engine may listen; whether it answers is seen when it is asked. */
export function mayHaveDocker(env: NodeJS.ProcessEnv): boolean {
  if (env.DOCKER_HOST?.trim()) return true
  const places = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]
  if (env.XDG_RUNTIME_DIR) places.push(join(env.XDG_RUNTIME_DIR, 'docker.sock'))
  return places.some((place) => existsSync(place))
}

/**
 * Starts docker-compose.yml on free ports and waits until each part says that it is healthy. The containers vanish with
 * this process too: testcontainers has a container of its own that removes them when its connection ends.
 *
 * @throws StackError WEIR_STACK_DOCKER_FAILED if the engine does not answer, or the containers do not come up.
 */
export async function startDockerStack(say: (line: string) => void): Promise<DockerStack> {
  // Only here: it is large, and no other way needs it.
  const { DockerComposeEnvironment, Wait } = await import('testcontainers')
  const [kafkaPort, redisPort, registryPort] = await Promise.all(SERVICES.map(freePort))
  const since = performance.now()
  try {
    let compose = new DockerComposeEnvironment(import.meta.dirname, 'docker-compose.yml').withEnvironment({
      WEIR_KAFKA_PORT: String(kafkaPort),
      WEIR_REDIS_PORT: String(redisPort),
      WEIR_REGISTRY_PORT: String(registryPort),
    })
    for (const service of SERVICES) compose = compose.withWaitStrategy(`${service}-1`, Wait.forHealthCheck())
    const containers = await compose.up()
    say(`containers up after ${((performance.now() - since) / 1000).toFixed(1)} s`)
    return {
      kind: 'docker',
      env: {
        KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
        REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        SCHEMA_REGISTRY_URL: `http://127.0.0.1:${registryPort}${registryPath}`,
      },
      stop: async () => {
        await containers.down({ removeVolumes: true })
      },
    }
  } catch (error) {
    throw new StackError(
      'WEIR_STACK_DOCKER_FAILED',
      `The containers of infra/stack/docker-compose.yml did not come up: ${error instanceof Error ? error.message : String(error)}. ` +
        '"docker compose -f infra/stack/docker-compose.yml up --wait" shows more; or install Java 17 and Maven, or set ' +
        'KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL.',
      { cause: error },
    )
  }
}
