export { ModelCluster } from './model-cluster.ts'
export type { CommittedRecord, DecidedTransaction, ModelOptions, Random } from './options.ts'
