import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { isAlive } from './alive.ts'

const heartbeatMs = 1_000
const staleMs = 15_000
const lookAgainMs = 100

/**
 * Runs `work` while holding a lock file, so that of several processes one works and the others wait for it. A lock
 * whose holder is gone, or has not touched it for 15 s, is taken over. That take-over is not watertight (two waiters
 * may see one stale lock), so `work` must be right even if it runs twice at once; the lock only saves doing it twice.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, onWait: (pid: string) => void): Promise<T> {
  let told = false
  while (!(await take(path))) {
    const holder = await staleOrHolder(path)
    if (holder === 'stale') {
      await rm(path, { force: true })
      continue
    }
    if (!told && holder !== 'free') {
      told = true
      onWait(holder)
    }
    await pause(lookAgainMs)
  }
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), heartbeatMs)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function staleOrHolder(path: string): Promise<'stale' | 'free' | (string & {})> {
  try {
    const [holder, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    if (Date.now() - mtimeMs > staleMs) return 'stale'
    // Between making the file and writing the number it is empty: then only its age counts.
    return holder === '' || isAlive(Number(holder)) ? holder : 'stale'
  } catch {
    return 'free'
  }
}
