import { expect, test } from 'vitest'
import { z } from 'zod'
import { commonConfig, kafkaConfig, keyFilesConfig, redisConfig, registryConfig } from './config.ts'
import { kafkaOptions } from './kafka-options.ts'
import { ConfigError, type Environment, readConfig } from './read-config.ts'

const all = z.object({ ...commonConfig, ...kafkaConfig, ...redisConfig, ...registryConfig, ...keyFilesConfig })
const good = {
  KAFKA_BROKERS: 'one:9092, two:9093',
  REDIS_URL: 'redis://localhost:6379',
  SCHEMA_REGISTRY_URL: 'http://localhost:8080/apis/ccompat/v7/',
  WEIR_ROOT_KEY_FILE: '/keys/root',
  WEIR_REFERENCE_KEY_FILE: '/keys/reference',
}

function refusal(environment: Environment): ConfigError {
  try {
    readConfig('test', all, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('was not refused')
}

test('a good environment gives numbers, lists and defaults', () => {
  expect(readConfig('test', all, good)).toMatchObject({
    WEIR_NAMESPACE: '',
    WEIR_OPS_HOST: '127.0.0.1',
    WEIR_OPS_PORT: 0,
    KAFKA_BROKERS: ['one:9092', 'two:9093'],
    KAFKA_SSL: false,
    SCHEMA_REGISTRY_URL: 'http://localhost:8080/apis/ccompat/v7',
  })
})

test('an empty variable counts as absent', () => {
  expect(readConfig('test', all, { ...good, WEIR_OPS_PORT: '', WEIR_NAMESPACE: '' })).toMatchObject({
    WEIR_OPS_PORT: 0,
  })
  expect(refusal({ ...good, REDIS_URL: '' }).message).toContain('REDIS_URL is missing')
})

test('everything that is missing is named in one message, each with what it is', () => {
  const error = refusal({})
  expect(error.code).toBe('WEIR_CONFIG')
  expect([...error.variables].sort()).toEqual(Object.keys(good).sort())
  for (const variable of Object.keys(good))
    expect(error.message).toMatch(new RegExp(`^ {2}${variable} is missing\\. \\S.*`, 'm'))
})

test.each([
  ['KAFKA_BROKERS', 'localhost'],
  ['KAFKA_BROKERS', 'one:9092,,two:9092'],
  ['KAFKA_BROKERS', 'user:secret@one:9092'],
  ['KAFKA_SSL', 'yes'],
  ['WEIR_OPS_PORT', '65536'],
  ['WEIR_OPS_PORT', '12.5'],
  ['WEIR_LOG_LEVEL', 'loud'],
  ['WEIR_NAMESPACE', 'a/b'],
  ['WEIR_SHUTDOWN_TIMEOUT_MS', '0'],
  ['REDIS_URL', 'http://localhost'],
  ['SCHEMA_REGISTRY_URL', 'localhost:8081'],
])('%s=%s is refused, and only that', (variable, value) => {
  expect(refusal({ ...good, [variable]: value }).variables).toEqual([variable])
})

test('a value is quoted where that is safe, and never where it may hold a secret', () => {
  const { message } = refusal({
    ...good,
    WEIR_LOG_LEVEL: 'loud',
    REDIS_URL: 'redid://u:hunter2@h',
    KAFKA_SASL_PASSWORD: 'hunter2',
  })
  expect(message).toContain('WEIR_LOG_LEVEL is wrong (it is "loud")')
  expect(message).not.toContain('hunter2')
})

test('half a login for Kafka is refused, with the halves that are missing', () => {
  expect(refusal({ ...good, KAFKA_SASL_USERNAME: 'weir' }).variables).toEqual([
    'KAFKA_SASL_MECHANISM',
    'KAFKA_SASL_PASSWORD',
  ])
})

test('kafkaOptions passes on brokers, TLS and a whole login', () => {
  const login = {
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'weir',
    KAFKA_SASL_PASSWORD: 'x',
  }
  expect(kafkaOptions(readConfig('test', all, good), 'me')).toEqual({
    brokers: ['one:9092', 'two:9093'],
    clientId: 'me',
    ssl: false,
  })
  expect(kafkaOptions(readConfig('test', all, { ...good, ...login }))).toMatchObject({
    ssl: true,
    sasl: { mechanism: 'plain', username: 'weir', password: 'x' },
  })
})
