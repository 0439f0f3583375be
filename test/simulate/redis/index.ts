export { RedisModel, type RedisModelOptions } from './redis-model.ts'
