import { contractsOf } from './contracts-of.ts'
import type { Contracts } from './model.ts'
import { readFolder } from './read-folder.ts'

/**
 * Loads contracts from a folder (WEIR_CONTRACTS), or from texts by path inside such a folder. Throws one ContractError
 * that names every fault with file, line and mend.
 */
export function loadContracts(source: string | ReadonlyMap<string, string>): Contracts {
  return typeof source === 'string' ? contractsOf(readFolder(source), source) : contractsOf(source)
}
