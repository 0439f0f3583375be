import { join } from 'node:path'
import { javaProgram } from '@weir/infra/stack/index.ts'

/** A program that copies one topic to another exactly once, until it is killed. */
export interface Engine {
  readonly name: 'weir' | 'java' | 'kafkajs'
  readonly command: string
  readonly args: readonly string[]
}

/** A heap that the copy never fills: garbage collection is not what is compared. */
const JAVA_HEAP = ['-Xms1g', '-Xmx1g', '-XX:+UseParallelGC']

export async function engines(): Promise<readonly Engine[]> {
  const java = await javaProgram(join(import.meta.dirname, '../peers/TransactionalCopy.java'))
  return [
    { name: 'weir', command: process.execPath, args: [join(import.meta.dirname, 'weir-copy.ts')] },
    { name: 'java', command: java.command, args: [...JAVA_HEAP, ...tuned(java.args)] },
    { name: 'kafkajs', command: process.execPath, args: [join(import.meta.dirname, 'kafkajs-copy.ts')] },
  ]
}

/** `javaProgram` makes for a quick start; this one is to run long, with the best code that Java can make. */
function tuned(args: readonly string[]): readonly string[] {
  return args.filter((arg) => !/^-Xmx|^-XX:TieredStopAtLevel|^-XX:\+UseSerialGC/.test(arg))
}
