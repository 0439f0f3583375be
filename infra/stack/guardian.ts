import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GuardianAnswer, GuardianRequest } from './guardian-protocol.ts'

/**
 * A process of its own session that starts the parts and outlives whoever asked for them by a moment. When its
 * standard input ends, for whatever reason (the starter is done, was interrupted, was killed with -9), it kills the
 * parts and removes their folders. Being their parent, it can't miss one that was started just before.
 */
const folder = mkdtempSync(join(tmpdir(), 'weir-stack-'))
const folders = new Set([folder])
const children = new Map<string, ChildProcess>()
let finishing = false

function answer(message: GuardianAnswer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function start(request: GuardianRequest & { do: 'spawn' }): void {
  const log = openSync(request.log, 'a', 0o600)
  try {
    // Its own process group, so that a kill also reaches what a start script has started.
    const child = spawn(request.command, request.args, {
      cwd: request.cwd,
      env: request.env,
      stdio: ['ignore', log, log],
      detached: true,
    })
    // At once: standard input may end before the next event.
    if (child.pid !== undefined) children.set(request.name, child)
    child.once('error', (error) => answer({ kind: 'failed', id: request.id, why: error.message }))
    child.once('spawn', () => answer({ kind: 'done', id: request.id, pid: child.pid ?? 0 }))
    child.once('exit', (code, signal) => {
      if (children.get(request.name) === child) children.delete(request.name)
      answer({ kind: 'exit', name: request.name, pid: child.pid ?? 0, code, signal })
    })
  } finally {
    closeSync(log)
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

function handle(request: GuardianRequest): void {
  if (finishing) return
  switch (request.do) {
    case 'spawn':
      return start(request)
    case 'signal': {
      const child = children.get(request.name)
      if (child) signalGroup(child, request.signal)
      return answer({ kind: 'done', id: request.id, pid: child?.pid ?? 0 })
    }
    case 'own':
      folders.add(request.folder)
      return answer({ kind: 'done', id: request.id, pid: process.pid })
  }
}

/** Kills what runs, waits until it is gone, removes the folders, ends. Nothing of the data is worth a slow goodbye. */
async function finish(code: number): Promise<void> {
  if (finishing) return
  finishing = true
  const gone = [...children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of children.values()) signalGroup(child, 'SIGKILL')
  await Promise.all(gone)
  for (const owned of folders) rmSync(owned, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code)
}

// The starter may be gone while an answer is on its way.
process.stdout.on('error', () => {})
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => void finish(0))
process.on('uncaughtException', (error) => {
  answer({ kind: 'broken', why: error.stack ?? error.message })
  void finish(1)
})

const requests = createInterface({ input: process.stdin })
requests.on('line', (line) => {
  const request: GuardianRequest = JSON.parse(line)
  handle(request)
})
requests.on('close', () => void finish(0))
answer({ kind: 'ready', folder })
