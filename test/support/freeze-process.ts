import { tieProcess } from './tied-process.ts'

/** Freezes a process. The returned function thaws it; for one that has gone meanwhile it does nothing. */
export function freezeProcess(pid: number): () => void {
  // A frozen process can't see that this one has gone.
  const untie = tieProcess(pid)
  process.kill(pid, 'SIGSTOP')
  let thawed = false
  return () => {
    if (thawed) return
    thawed = true
    untie()
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // It has ended.
    }
  }
}
