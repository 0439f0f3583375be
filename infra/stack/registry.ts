import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { javaEnv, javaFlags } from './java-flags.ts'
import type { PartKind } from './part.ts'

export interface RegistryOptions {
  readonly java: string
  readonly jar: string
  readonly env: NodeJS.ProcessEnv
}

/** Where Apicurio speaks the language of Confluent's registry. */
export const registryPath = '/apis/ccompat/v7'

/**
 * Apicurio Registry. Its schemas lie in a file of its data folder, written at once, and not in memory as is its
 * custom: a registry that comes back empty would hand out known ids anew, for other schemas.
 */
export function registry(options: RegistryOptions): PartKind {
  return {
    name: 'registry',
    ports: 1,
    async prepare(place) {
      await mkdir(join(place.dataFolder, 'tmp'), { recursive: true })
    },
    command: () => options.java,
    args: (place) => [
      ...javaFlags(place.dataFolder, 256),
      // It starts in half the time so, and never has enough to do to miss the rest.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${place.ports[0]}`,
      '-Dquarkus.datasource.jdbc.initial-size=2',
      '-Dquarkus.datasource.jdbc.min-size=2',
      '-jar',
      options.jar,
    ],
    env: (place) => ({
      ...javaEnv(options.env),
      REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(place.dataFolder, 'schemas')};WRITE_DELAY=0`,
    }),
    ready: /started in .*Listening on: http/,
  }
}
