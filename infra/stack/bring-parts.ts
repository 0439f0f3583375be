import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StackError } from './errors.ts'
import type { Guarded } from './guarded.ts'
import { findMaven } from './java.ts'
import { withLock } from './lock.ts'
import { lastLines } from './log-file.ts'

/** Where the brought parts lie on this machine; see pom.xml. */
export interface Brought {
  /** Changes with everything that is brought. */
  readonly folder: string
  /** Class path with Kafka's server and clients. */
  readonly kafkaClassPath: string
  readonly registryJar: string
  readonly redisFolder: string
  readonly compilerJar: string
}

const pom = fileURLToPath(new URL('pom.xml', import.meta.url))
/** All that is brought or made from it; in the repository, but not of it. */
export const partsFolder = fileURLToPath(new URL('../../.weir/stack/', import.meta.url))
const partialPrefix = '.partial-'

/**
 * Has Maven bring the parts that pom.xml names into `.weir/stack/<hash of pom.xml>`, once; later calls find them
 * there and need no Maven. Whatever happens on the way, that folder is there whole or not at all.
 *
 * @throws StackError WEIR_STACK_MAVEN_MISSING, WEIR_STACK_BRING_FAILED with Maven's last lines.
 */
export async function bringParts(
  guarded: Guarded,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Brought> {
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 16)
  const folder = join(partsFolder, hash)
  if (!existsSync(folder)) {
    const maven = await findMaven(env)
    await mkdir(partsFolder, { recursive: true })
    const onWait = (pid: string): void => say(`process ${pid} is bringing the parts already; waiting for it`)
    await withLock(
      join(partsFolder, `${hash}.lock`),
      async () => {
        if (!existsSync(folder)) await runMaven(guarded, maven, env, folder, say)
      },
      onWait,
    )
  }
  return await describe(folder)
}

async function runMaven(
  guarded: Guarded,
  maven: string,
  env: NodeJS.ProcessEnv,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  await removeLeftovers()
  say('bringing Kafka, Apicurio Registry and Redis with Maven; this happens once and takes about 220 MB')
  const started = performance.now()
  const partial = await mkdtemp(join(partsFolder, partialPrefix))
  await guarded.own(partial)
  const log = join(guarded.folder, 'maven.log')
  const progress = setInterval(() => say(`still bringing parts, ${seconds(started)} so far`), 10_000)
  try {
    const args = ['-B', '-ntp', '-f', pom, `-Dweir.out=${partial}`, 'process-resources']
    const run = await guarded.spawn({ name: 'maven', command: maven, args, cwd: guarded.folder, env, log })
    const { code } = await run.exited
    if (code !== 0) {
      throw new StackError(
        'WEIR_STACK_BRING_FAILED',
        `Maven could not bring the parts (exit ${code ?? 'by a signal'}). It needs the network once, and its settings ` +
          `(~/.m2/settings.xml) may name a mirror. Its last lines:\n${await lastLines(log)}`,
      )
    }
    await moveInPlace(partial, folder)
  } finally {
    clearInterval(progress)
    await rm(partial, { recursive: true, force: true })
  }
  say(`the parts are here after ${seconds(started)}`)
}

/** Another process may have been faster; then its folder stays. */
export async function moveInPlace(partial: string, folder: string): Promise<void> {
  try {
    await rename(partial, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

/** Only the holder of the lock makes such folders, so those that are there are of starters that were killed. */
async function removeLeftovers(): Promise<void> {
  const leftovers = (await readdir(partsFolder)).filter((name) => name.startsWith(partialPrefix))
  for (const name of leftovers) await rm(join(partsFolder, name), { recursive: true, force: true })
}

async function describe(folder: string): Promise<Brought> {
  const registry = join(folder, 'registry')
  const runner = (await readdir(registry)).find((name) => name.endsWith('-runner.jar'))
  if (runner === undefined) {
    throw new StackError(
      'WEIR_STACK_BRING_FAILED',
      `The registry's program is not in .weir/stack/${basename(folder)}. Remove that folder and start again.`,
    )
  }
  return {
    folder,
    kafkaClassPath: join(folder, 'kafka', '*'),
    registryJar: join(registry, runner),
    redisFolder: join(folder, 'redis'),
    compilerJar: join(folder, 'compiler', 'ecj.jar'),
  }
}

function seconds(since: number): string {
  return `${Math.round((performance.now() - since) / 1000)} s`
}
