export type { Logger } from 'pino'
export {
  commonConfig,
  contractsConfig,
  kafkaConfig,
  keyFilesConfig,
  milliseconds,
  redisConfig,
  registryConfig,
  slotConfig,
} from './config.ts'
export { contractFingerprint } from './contract-fingerprint.ts'
export { type KafkaConnection, kafkaOptions } from './kafka-options.ts'
export { type KeyFileCode, KeyFileError, readKeyFile } from './key-file.ts'
export { makeLogger } from './log.ts'
export { topicName } from './names.ts'
export type { Readiness } from './ops-server.ts'
export { ConfigError, readConfig } from './read-config.ts'
export { type RootKeys, readRootKeys } from './root-keys.ts'
export { type RunningService, runService, type Service, type ServiceDefinition } from './run-service.ts'
export { type SafeError, safeError } from './safe-error.ts'
