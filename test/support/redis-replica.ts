import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { tieProcess } from './tied-process.ts'
import { until } from './until.ts'

export interface RedisReplica {
  readonly client: Redis
  readonly port: number
  stop(): Promise<void>
}

/** A second Redis that has all of the one at this port of 127.0.0.1. */
export async function startReplica(primary: Redis, primaryPort: number): Promise<RedisReplica> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-replica-'))
  const port = await freePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const child: ChildProcess = spawn(
    await programOf(primary),
    [...words, '--replicaof', '127.0.0.1', String(primaryPort)],
    { stdio: 'ignore' },
  )
  const untie = tieProcess(child.pid as number)
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await until('the replica has all', async () => (await client.info('replication')).includes('master_link_status:up'))
  return {
    client,
    port,
    async stop() {
      client.disconnect()
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
      untie()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function programOf(redis: Redis): Promise<string> {
  const path = /^executable:(\S+)/m.exec(await redis.info('server'))?.[1]
  if (path === undefined) throw new Error('Redis does not tell where its program is')
  return path
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
