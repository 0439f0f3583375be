import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** Longer than any install takes: a pid file this old belongs to a process id that was given to somebody else. */
const STALE_AFTER_MS = 15 * 60_000
const LOOK_EVERY_MS = 100

/** @typedef {{ alsoAlive(pid: number): void }} Owner says which other process keeps the work alive */

/**
 * Runs `work` while no other process on this folder does: a pid file, taken by creating it. A file whose processes
 * are gone is taken over, so that a kill leaves nothing to clean up by hand.
 * @template T
 * @param {string} root
 * @param {(line: string) => void} say
 * @param {(owner: Owner) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(root, say, work) {
  const file = join(root, '.weir/install.pid')
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!take(file)) {
    const holder = read(file)
    if (holder !== null && isStale(file, holder)) discard(file, holder)
    else if (holder !== null) {
      if (!told) say(`another process (${holder.trim().split('\n')[0]}) is installing; waiting for it.`)
      told = true
      await wait(LOOK_EVERY_MS)
    }
  }
  try {
    return await work({ alsoAlive: (pid) => writeFileSync(file, `${process.pid}\n${pid}\n`) })
  } finally {
    rmSync(file, { force: true })
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/**
 * @param {string} file
 * @param {string} holder
 */
function isStale(file, holder) {
  const age = ageMs(file)
  if (age === null) return false
  // Just created, its pid not written yet.
  if (holder === '') return age > 1_000
  return age > STALE_AFTER_MS || !holder.trim().split('\n').map(Number).some(isAlive)
}

/** @param {string} file */
function ageMs(file) {
  try {
    return Date.now() - statSync(file).mtimeMs
  } catch {
    return null
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process lives too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Removes a stale file, and no other: between our look and our act somebody may have replaced it. A rename is atomic;
 * what turns out not to be the one we judged is put back.
 * @param {string} file
 * @param {string} judged
 */
function discard(file, judged) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') !== judged) linkSync(aside, file)
  } catch {
    // Somebody was quicker; the loop looks again.
  }
  rmSync(aside, { force: true })
}
