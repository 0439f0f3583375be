import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isAlive } from './alive.ts'

const lookMs = 500
const npmIsWithin = 3

/**
 * Resolves when the npm that runs this process as a script is gone; never, if there is none. A terminal's Ctrl-C
 * reaches the script by itself, but npm that is told to end, or killed, ends at most the shell between the two and
 * leaves the script running.
 */
export async function npmGone(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (env.npm_lifecycle_event === undefined) return await new Promise(() => {})
  const above = await upToNpm()
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (above.every(isAlive)) return
      clearInterval(look)
      resolve()
    }, lookMs)
    look.unref()
  })
}

/** The processes from this one's parent up to npm; where that can't be seen, the parent alone. */
async function upToNpm(): Promise<number[]> {
  const above: number[] = []
  let pid = process.ppid
  for (let level = 0; level < npmIsWithin; level++) {
    above.push(pid)
    const about = await describe(pid)
    if (about === null) break
    if (/\bnpm\b/.test(about.command)) return above
    pid = about.parent
  }
  return above.slice(0, 1)
}

async function describe(pid: number): Promise<{ parent: number; command: string } | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=,args=', '-p', String(pid)])
    const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(stdout) ?? []
    return parent === undefined || command === undefined ? null : { parent: Number(parent), command }
  } catch {
    return null
  }
}
