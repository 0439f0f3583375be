import { constants } from 'node:fs'
import { access, chmod } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { StackError } from './errors.ts'
import type { PartKind } from './part.ts'

export interface RedisOptions {
  readonly binary: string
  readonly env: NodeJS.ProcessEnv
}

/** Redis that evicts nothing, and keeps nothing over a restart. */
export function redis(options: RedisOptions): PartKind {
  return {
    name: 'redis',
    ports: 1,
    prepare: async () => {},
    command: () => options.binary,
    args: (place) => {
      const settings = {
        bind: '127.0.0.1',
        port: String(place.ports[0]),
        dir: place.dataFolder,
        daemonize: 'no',
        save: '',
        appendonly: 'no',
        'maxmemory-policy': 'noeviction',
      }
      return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    },
    env: () => options.env,
    ready: /ready to accept connections/i,
  }
}

/** Files in embedded-redis's jar, by Node's names for system and processor. */
const broughtBinaries: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'linux-ia32': 'redis-server-6.2.7-linux-386',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
  'win32-x64': 'redis-server-5.0.14.1-windows-amd64.exe',
}

/**
 * The machine's own redis-server, else the brought one.
 *
 * @throws StackError WEIR_STACK_NO_REDIS if there is neither for this machine.
 */
export async function findRedis(broughtFolder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const own = process.platform === 'win32' ? 'redis-server.exe' : 'redis-server'
  for (const folder of (env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    const path = join(folder, own)
    if (await isExecutable(path)) return path
  }
  const machine = `${process.platform}-${process.arch}`
  const name = broughtBinaries[machine]
  if (name === undefined) {
    throw new StackError(
      'WEIR_STACK_NO_REDIS',
      `There is no redis-server on the PATH, and none to bring for ${machine}. Install Redis 6 or newer.`,
    )
  }
  const path = join(broughtFolder, name)
  await chmod(path, 0o755)
  return path
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
