import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SAMPLE = fileURLToPath(new URL('../../infra/contracts', import.meta.url))

/** A copy of the sample contract that a test may change, as its owner would: by editing files. */
export class ContractCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-contract-'))

  constructor() {
    cpSync(SAMPLE, this.folder, { recursive: true })
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text)
  }

  /** The file's text with one place changed, which must be there; the first one, if there are several. */
  changed(file: string, from: string, to: string): string {
    const text = this.read(file)
    if (!text.includes(from)) throw new Error(`"${from}" does not stand in ${file}`)
    return text.replace(from, () => to)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
