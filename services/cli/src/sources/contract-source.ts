import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Contracts, loadContracts, readFolder } from '@weir/contracts'
import { shown } from '../cli.ts'
import { usageError } from '../errors.ts'
import { textsAtRevision } from './git-texts.ts'

/** A contract's texts and what to call them. */
export interface Source {
  /** `infra/contracts`, `HEAD`. */
  readonly name: string
  readonly texts: ReadonlyMap<string, string>
}

/** A folder, or else a revision of the git repository that `folder` lies in. Throws ContractError or CliError. */
export function sourceOf(folderOrRevision: string, folder: string): Source {
  const path = resolve(folderOrRevision)
  if (isFolder(path)) return { name: shown(path), texts: readFolder(path) }
  const texts = textsAtRevision(folder, folderOrRevision)
  if (texts instanceof Map) return { name: folderOrRevision, texts }
  throw usageError(
    `"${folderOrRevision}" is neither a folder nor a git revision with this contract: ${'why' in texts ? texts.why : ''}.`,
  )
}

/** What lint compares with when nothing is said: the folder as it was committed last. Or why there is nothing. */
export function lastCommitted(folder: string): { readonly contracts: Contracts } | { readonly why: string } {
  const texts = textsAtRevision(folder, 'HEAD')
  if (!(texts instanceof Map)) return { why: 'why' in texts ? texts.why : '' }
  try {
    return { contracts: loadContracts(texts) }
  } catch {
    return { why: 'the contract at HEAD does not load' }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
