import { Option } from 'commander'

/** Options that mean the same everywhere. A new one each time: commander keeps state in them. */
export const contractsOption = () =>
  new Option('-c, --contracts <folder>', 'folder of the contract (default: WEIR_CONTRACTS, else the sample)')

export const jsonOption = () => new Option('--json', 'one JSON object a line')

export const executeOption = () => new Option('--execute', 'do it; without this only the plan is shown')
