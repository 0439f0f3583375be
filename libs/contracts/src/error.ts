/** One mistake in a contract: where it is, what is wrong, how to mend it. */
export interface ContractFault {
  readonly code: ContractFaultCode
  /** Path of the file inside the contract folder, with forward slashes. */
  readonly file: string
  /** 1-based; 1 when the fault is about the file as a whole. */
  readonly line: number
  /** 1-based, in UTF-16 code units as editors count them. */
  readonly column: number
  readonly what: string
  readonly mend: string
}

/** Stable: tools and docs refer to them. */
export type ContractFaultCode =
  | 'WEIR_CONTRACT_MISSING_FILE'
  | 'WEIR_CONTRACT_UNKNOWN_FILE'
  | 'WEIR_CONTRACT_FILE_NAME'
  | 'WEIR_CONTRACT_SYNTAX'
  | 'WEIR_CONTRACT_UNKNOWN_KEY'
  | 'WEIR_CONTRACT_MISSING_KEY'
  | 'WEIR_CONTRACT_BAD_VALUE'
  | 'WEIR_CONTRACT_BAD_DURATION'
  | 'WEIR_CONTRACT_NOT_YET'
  | 'WEIR_CONTRACT_UNKNOWN_PURPOSE'
  | 'WEIR_CONTRACT_NEEDS'
  | 'WEIR_CONTRACT_NOTICE'
  | 'WEIR_CONTRACT_TOPIC'
  | 'WEIR_CONTRACT_UNEQUAL'
  | 'WEIR_CONTRACT_BAD_PATH'
  | 'WEIR_CONTRACT_UNKNOWN_FIELD'
  | 'WEIR_CONTRACT_NOT_A_LEAF'
  | 'WEIR_CONTRACT_NAMED_TWICE'
  | 'WEIR_CONTRACT_UNKNOWN_VERB'
  | 'WEIR_CONTRACT_BAD_VERB'
  | 'WEIR_CONTRACT_VERB_MISFIT'
  | 'WEIR_CONTRACT_CONDITION'
  | 'WEIR_CONTRACT_IN_CLEAR'
  | 'WEIR_CONTRACT_PSEUDONYM_WITHOUT_GRANT'
  | 'WEIR_CONTRACT_ENUM_WITHOUT_DEFAULT'
  | 'WEIR_CONTRACT_TYPE_CHANGED'
  | 'WEIR_CONTRACT_NAME_CLASH'
  | 'WEIR_CONTRACT_LIST'
  | 'WEIR_CONTRACT_SCHEMA'
  | 'WEIR_CONTRACT_STEERING_TAG'
  | 'WEIR_CONTRACT_UNKNOWN_TAG'
  | 'WEIR_CONTRACT_UNDESCRIBED'

/** The contract can't be used. Holds every fault found, in order of file and line; the message lists them all. */
export class ContractError extends Error {
  readonly code = 'WEIR_CONTRACT_INVALID'
  readonly faults: readonly ContractFault[]

  constructor(folder: string, faults: readonly ContractFault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
    const place = folder === '' ? 'the contract' : `the contract in ${folder}`
    super(`${count} in ${place}:\n${faults.map(describe).join('\n')}`)
    this.name = 'ContractError'
    this.faults = faults
  }
}

function describe(fault: ContractFault): string {
  const mend = fault.mend.endsWith('?') ? fault.mend : `${fault.mend}.`
  return `  ${fault.file}:${fault.line}:${fault.column}: ${fault.what}. ${mend} [${fault.code}]`
}
