import { spawn } from 'node:child_process'

/**
 * Has a process killed when this one is gone, however it ends: a shell waits for that. For processes that can't see it
 * themselves. Call what is returned when they have ended, or may live on.
 */
export function tieProcess(pid: number): () => void {
  const watchdog = spawn('sh', ['-c', `read _; kill -KILL ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  return () => {
    watchdog.kill('SIGKILL')
  }
}
