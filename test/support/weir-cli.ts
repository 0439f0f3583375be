import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url))

export interface CliRun {
  readonly exit: number | null
  readonly out: string
  readonly said: string
}

/** Runs the `weir` command as a process, with these settings and no others. */
export function weirCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  return startWeirCli(args, env).ended
}

/** The same, for a command that is to be interrupted. */
export function startWeirCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<CliRun> } {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((done, failed) => child.on('error', failed).on('exit', (code) => done(code)))
  const ended = Promise.all([exit, text(child.stdout), text(child.stderr)])
  return { child, ended: ended.then(([code, out, said]) => ({ exit: code, out, said })) }
}
