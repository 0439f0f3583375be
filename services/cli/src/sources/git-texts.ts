import { spawnSync } from 'node:child_process'

/** Names of files that are parts of a contract; hidden ones are none. */
const PART = /^(?!\.)(?!.*\/\.).*\.(ya?ml|avsc|json|txt)$/
const MOST_BYTES = 64 * 1024 * 1024

/** Why there is nothing to read. */
export interface NoTexts {
  readonly why: string
}

/**
 * Texts of a contract folder as they stood at a revision of the git repository that it lies in, by path inside the
 * folder.
 */
export function textsAtRevision(folder: string, revision: string): Map<string, string> | NoTexts {
  // A revision that looks like an option could make git do something else.
  if (revision.startsWith('-')) return { why: `${revision} is no revision` }
  const prefix = git(folder, ['rev-parse', '--show-prefix'])
  if (prefix === null) return { why: 'the folder lies in no git repository' }
  if (git(folder, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]) === null) {
    return { why: `git knows no revision ${revision}` }
  }
  const listed = git(folder, ['ls-tree', '-r', '-z', '--name-only', revision, '--', '.'])?.toString('utf8') ?? ''
  const names = listed.split('\0').filter((name) => PART.test(name))
  if (names.length === 0) return { why: `there is no contract in the folder at ${revision}` }
  const inRepository = prefix.toString('utf8').trim()
  const objects = names.map((name) => `${revision}:${inRepository}${name}\n`).join('')
  const batch = git(folder, ['cat-file', '--batch'], objects)
  if (batch === null) return { why: `git can't read ${revision}` }
  return new Map(blobsOf(batch).map((blob, i) => [names[i] ?? '', blob]))
}

/** `<name> blob <size>\n<bytes>\n`, once for each object asked for. */
function blobsOf(batch: Buffer): string[] {
  const blobs: string[] = []
  let at = 0
  while (at < batch.length) {
    const lineEnd = batch.indexOf(0x0a, at)
    if (lineEnd === -1) break
    const size = Number(batch.subarray(at, lineEnd).toString('utf8').split(' ').at(-1))
    const start = lineEnd + 1
    blobs.push(Number.isInteger(size) ? batch.subarray(start, start + size).toString('utf8') : '')
    at = Number.isInteger(size) ? start + size + 1 : start
  }
  return blobs
}

function git(folder: string, args: readonly string[], input?: string): Buffer | null {
  const result = spawnSync('git', ['-C', folder, ...args], {
    maxBuffer: MOST_BYTES,
    ...(input === undefined ? {} : { input }),
  })
  return result.status === 0 ? result.stdout : null
}
