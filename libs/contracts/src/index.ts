export { ContractError, type ContractFault, type ContractFaultCode } from './error.ts'
export { loadContracts } from './load-contracts.ts'
export * from './model.ts'
