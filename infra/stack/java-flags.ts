import { join } from 'node:path'

/** Flags for a Java process that leaves nothing outside its data folder and holds little memory. */
export function javaFlags(dataFolder: string, heapMb: number): string[] {
  return [
    `-Xmx${heapMb}m`,
    // Else a process that is killed leaves a file in the system's temporary folder.
    '-XX:-UsePerfData',
    `-Djava.io.tmpdir=${join(dataFolder, 'tmp')}`,
    '-Djava.awt.headless=true',
  ]
}

/** The environment without what would change the flags or speak up in the log behind our back. */
export function javaEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { JAVA_TOOL_OPTIONS: _tool, _JAVA_OPTIONS: _old, JDK_JAVA_OPTIONS: _jdk, CLASSPATH: _path, ...rest } = env
  return rest
}
