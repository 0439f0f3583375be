import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url))

export interface CliRun {
  readonly exit: number | null
  readonly out: string
  readonly said: string
}

/** Runs the `weir` command as a process, with these settings and no others. */
export async function weirCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((done, failed) => child.on('error', failed).on('exit', (code) => done(code)))
  const [exit, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { exit, out, said }
}
