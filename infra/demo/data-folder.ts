import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Keys, tokens and logs of one run of the demo. Drawn anew each time, and gone with it. */
export interface DataFolder {
  readonly path: string
  readonly rootKey: Buffer
  readonly rootKeyFile: string
  readonly referenceKey: Buffer
  readonly referenceKeyFile: string
  readonly serviceToken: string
  readonly serviceTokenFile: string
  logFile(service: string): string
  remove(): void
}

/** @param inside a folder that vanishes with the stack; null: one of its own in the system's temporary folder */
export function makeDataFolder(inside: string | null): DataFolder {
  const path = inside === null ? mkdtempSync(join(tmpdir(), 'weir-demo-')) : join(inside, 'demo')
  if (inside !== null) mkdirSync(path, { mode: 0o700 })
  const rootKey = randomBytes(32)
  const referenceKey = randomBytes(32)
  const serviceToken = randomBytes(32).toString('base64url')
  const write = (name: string, content: Uint8Array | string) => {
    const file = join(path, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  return {
    path,
    rootKey,
    rootKeyFile: write('root.key', rootKey),
    referenceKey,
    referenceKeyFile: write('reference.key', referenceKey),
    serviceToken,
    serviceTokenFile: write('service.token', serviceToken),
    logFile: (service) => join(path, `${service}.log`),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
