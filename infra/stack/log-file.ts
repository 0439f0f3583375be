import { open, stat } from 'node:fs/promises'

/** Bytes in a log so far; 0 if there is none yet. */
export async function logSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return 0
  }
}

/** What was written to a log at or after a byte position; at most its last 64 KiB. */
export async function logSince(path: string, from: number): Promise<string> {
  const size = await logSize(path)
  const start = Math.max(from, size - 65_536)
  if (size <= start) return ''
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The last lines of a log, indented, to stand in an error. */
export async function lastLines(path: string, from = 0, count = 15): Promise<string> {
  const lines = (await logSince(path, from)).trimEnd().split('\n').slice(-count)
  return lines.map((line) => `    ${line}`).join('\n')
}
