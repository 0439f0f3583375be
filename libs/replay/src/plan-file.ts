import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { PlanError } from './errors.ts'
import { parsePlan, planDigest, type ReplayPlan } from './plan.ts'

/** Two hundred thousand partitions. What is larger is no plan, and is not read into memory. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Writes a plan with its digest, for the owner alone (0600): it tells how many people agreed to what. Whole or not at
 * all; a file of that name is replaced.
 */
export function writePlan(path: string, plan: ReplayPlan): void {
  const text = `${JSON.stringify({ ...plan, digest: planDigest(plan).toString('hex') }, null, 2)}\n`
  const draft = `${path}.writing`
  // Never into what lies there: others could read it, or it is a link.
  rmSync(draft, { force: true })
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  renameSync(draft, path)
}

/** @throws PlanError when it can't be read (WEIR_PLAN_UNREADABLE), or was edited since (WEIR_PLAN_CHANGED) */
export function readPlan(path: string): ReplayPlan {
  const json = readJson(path)
  if (json === null || typeof json !== 'object') throw unreadable(path, 'it holds no object')
  const { digest, ...rest } = json as { digest?: unknown }
  const plan = parsePlan(rest)
  if (Array.isArray(plan)) throw unreadable(path, plan.slice(0, 3).join('; '))
  if (digest === planDigest(plan).toString('hex')) return plan
  throw new PlanError(
    'WEIR_PLAN_CHANGED',
    `The plan ${path} was changed since \`weir replay plan\` wrote it, so what it showed does not hold. Plan again.`,
  )
}

function readJson(path: string): unknown {
  try {
    const file = statSync(path)
    if (!file.isFile() || file.size > MAX_BYTES) throw unreadable(path, 'it is no plan of weir’s')
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof PlanError) throw error
    if (error instanceof SyntaxError) throw unreadable(path, 'it is not JSON')
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw unreadable(path, 'there is no such file')
    throw unreadable(path, error instanceof Error ? error.message : String(error))
  }
}

function unreadable(path: string, why: string): PlanError {
  return new PlanError(
    'WEIR_PLAN_UNREADABLE',
    `The plan ${path} can’t be read: ${why}. Give the file that \`weir replay plan\` wrote, or plan again.`,
  )
}
