import { describe, expect, it } from 'vitest'
import { chooseWay } from './choose-way.ts'
import { StackError } from './errors.ts'

const given = {
  KAFKA_BROKERS: 'one:9092,two:9092',
  REDIS_URL: 'redis://cache:6379',
  SCHEMA_REGISTRY_URL: 'https://registry.example/apis/ccompat/v7',
}

describe('the way to a stack', () => {
  it('is the given one when all three addresses are set', () => {
    expect(chooseWay({ ...given, PATH: '/bin' })).toEqual({ kind: 'given', env: given })
  })

  it('is ours when none is set, and an empty one counts as not set', () => {
    expect(chooseWay({ REDIS_URL: ' ' })).toEqual({ kind: 'ours' })
  })

  it.each(['KAFKA_BROKERS', 'REDIS_URL', 'SCHEMA_REGISTRY_URL'] as const)(
    'is refused when only %s is missing',
    (name) => {
      const { [name]: _left, ...rest } = given
      expect(() => chooseWay(rest)).toThrow(StackError)
      expect(() => chooseWay(rest)).toThrow(new RegExp(`but ${name} is not`))
    },
  )
})
