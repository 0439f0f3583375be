import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { type Brought, bringParts, moveInPlace, partsFolder } from './bring-parts.ts'
import { StackError } from './errors.ts'
import { Guarded } from './guarded.ts'
import { findJava } from './java.ts'
import { lastLines } from './log-file.ts'
import { toStandardError } from './say.ts'

/** A Java program that is ready to run: `spawn(command, [...args, ...its own arguments])`. */
export interface JavaProgram {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * Makes a single Java file runnable on the stack's own Kafka clients. It is compiled once for each of its texts, by
 * the brought compiler, so that a plain Java runtime is enough. Also works where the stack is given: then Maven is
 * needed here for the first time.
 *
 * @param source path of `<Class>.java`, whose class has the main method and no package.
 * @throws StackError as bringing the parts does, or WEIR_STACK_BRING_FAILED if the file does not compile.
 */
export async function javaProgram(source: string): Promise<JavaProgram> {
  const java = await findJava(process.env)
  const guarded = await Guarded.open()
  try {
    const brought = await bringParts(guarded, process.env, toStandardError)
    const hash = createHash('sha256')
      .update(basename(brought.folder))
      .update(await readFile(source))
      .digest('hex')
    const classes = join(partsFolder, `classes-${hash.slice(0, 16)}`)
    if (!existsSync(classes)) await compile(guarded, java, brought, source, classes)
    return {
      command: java,
      args: [
        '-Xmx512m',
        '-XX:-UsePerfData',
        // Such programs live for seconds: a quick start is worth more than the best code.
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
        '-cp',
        [classes, brought.kafkaClassPath].join(delimiter),
        basename(source, '.java'),
      ],
    }
  } finally {
    await guarded.finish()
  }
}

async function compile(
  guarded: Guarded,
  java: string,
  brought: Brought,
  source: string,
  classes: string,
): Promise<void> {
  const partial = await mkdtemp(join(partsFolder, '.compiling-'))
  await guarded.own(partial)
  const log = join(guarded.folder, 'compile.log')
  // The compiler does not know the form `folder/*`.
  const folder = dirname(brought.kafkaClassPath)
  const jars = (await readdir(folder)).map((name) => join(folder, name)).join(delimiter)
  try {
    const args = ['-jar', brought.compilerJar, '--release', '17', '-cp', jars, '-d', partial, source]
    const run = await guarded.spawn({
      name: 'compile',
      command: java,
      args: ['-XX:-UsePerfData', ...args],
      cwd: guarded.folder,
      env: process.env,
      log,
    })
    const { code } = await run.exited
    if (code !== 0) {
      throw new StackError('WEIR_STACK_BRING_FAILED', `${basename(source)} does not compile:\n${await lastLines(log)}`)
    }
    await moveInPlace(partial, classes)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
