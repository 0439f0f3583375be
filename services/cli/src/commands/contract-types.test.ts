import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cli } from '../cli.ts'
import { CliError } from '../errors.ts'
import { addContractTypes } from './contract-types.ts'

const SAMPLE = resolve(import.meta.dirname, '../../../../infra/contracts')

let folder = ''
let out = ''
let said = ''
let code = 0

const cli: Cli = {
  env: { WEIR_CONTRACTS: SAMPLE },
  out: (text) => {
    out += text
  },
  say: (text) => {
    said += text
  },
  end: (exitCode) => {
    code = exitCode
  },
}

function run(...args: string[]): void {
  const program = new Command('contract').exitOverride()
  addContractTypes(program, cli)
  out = ''
  said = ''
  code = 0
  program.parse(['types', ...args], { from: 'user' })
}

describe('weir contract types', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-types-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('gives TypeScript on stdout, and nothing else', () => {
    run('clickstream')
    expect(out).toContain('export interface ClickstreamEvent {')
    expect(said).toBe('')
  })

  it('writes it to a file, and says when nothing is to be written', () => {
    const file = join(folder, 'types.ts')
    run('clickstream', '--out', file)
    expect(out).toBe('')
    expect(said).toContain('written')
    run('clickstream')
    expect(readFileSync(file, 'utf8')).toBe(out)
    run('clickstream', '--out', file, '--json')
    expect(JSON.parse(out)).toMatchObject({ file, same: true, written: false })
  })

  it('notices with --check that the contract has changed since, and leaves the file alone', () => {
    const file = join(folder, 'types.ts')
    run('clickstream', '--out', file, '--check')
    expect(code).toBe(20)
    run('clickstream', '--out', file)
    run('clickstream', '--out', file, '--check')
    expect(code).toBe(0)

    const contracts = join(folder, 'contracts')
    cpSync(SAMPLE, contracts, { recursive: true })
    const schema = join(contracts, 'clickstream/event.avsc')
    writeFileSync(schema, readFileSync(schema, 'utf8').replace('Your customer number.', 'Another doc.'))
    const before = readFileSync(file, 'utf8')
    run('clickstream', '--out', file, '--check', '--contracts', contracts)
    expect(code).toBe(20)
    expect(said).toContain('weir contract types clickstream --out')
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('names the stream that was meant, a file that can not be written, and what --check needs', () => {
    expect(() => run('clickstraem')).toThrow(/Did you mean clickstream\?/)
    expect(() => run('clickstream', '--out', join(folder, 'none/types.ts'))).toThrow(CliError)
    expect(() => run('clickstream', '--check')).toThrow(/needs --out/)
  })
})
