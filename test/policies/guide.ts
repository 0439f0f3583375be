import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/**
 * A fenced block of a guide, and what its info string says:
 * - `sh`: commands, one a line; `# exit 3` at the end of a line says how it ends if not well
 * - `text`: lines that the block of commands before it must have printed, each as a part of some line
 * - anything with a path (`yaml my-contract/purposes.yaml`): a file that the reader writes
 * - `sh stack`: commands that need more than a clone; not run
 */
export interface Block {
  readonly kind: 'commands' | 'printed' | 'file' | 'not-run'
  /** Of a file. */
  readonly path: string
  readonly text: string
  /** Where the block begins in the guide, from 1. */
  readonly line: number
}

export function blocksOf(guide: string): Block[] {
  const blocks: Block[] = []
  const lines = readFileSync(join(ROOT, guide), 'utf8').split('\n')
  for (let at = 0; at < lines.length; at++) {
    const opening = /^```(\w+)(?: (\S+))?$/.exec(lines[at] ?? '')
    if (opening === null) continue
    const end = lines.indexOf('```', at + 1)
    if (end === -1) throw new Error(`${guide}:${at + 1}: the block has no end`)
    const [, language = '', path = ''] = opening
    const kind = language === 'sh' ? (path === '' ? 'commands' : 'not-run') : language === 'text' ? 'printed' : 'file'
    blocks.push({ kind, path, text: `${lines.slice(at + 1, end).join('\n')}\n`, line: at + 1 })
    at = end
  }
  return blocks
}

export interface Step {
  readonly command: string
  readonly wanted: number
  readonly exit: number | null
  readonly printed: string
}

/** A folder that looks like a clone to whoever types there, and is gone afterwards. */
export class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-guide-'))

  constructor() {
    for (const name of ['node_modules', 'infra']) symlinkSync(join(ROOT, name), join(this.folder, name))
    cpSync(join(ROOT, 'package.json'), join(this.folder, 'package.json'))
  }

  write({ path, text }: Block): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  run({ text }: Block): Step[] {
    return text
      .trim()
      .split('\n')
      .map((command) => {
        const wanted = Number(/# exit (\d+)$/.exec(command)?.[1] ?? 0)
        const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: this.folder, encoding: 'utf8' })
        return { command, wanted, exit: status, printed: stdout + stderr }
      })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
