import { StackError } from './errors.ts'

/** Where the three parts are, in the form the services read from their environment. */
export interface StackEnv {
  readonly KAFKA_BROKERS: string
  readonly REDIS_URL: string
  readonly SCHEMA_REGISTRY_URL: string
}

/** How the parts are had: somebody else runs them, or this module starts them, as processes or as containers. */
export type Way = { readonly kind: 'given'; readonly env: StackEnv } | { readonly kind: 'ours' }

const names = ['KAFKA_BROKERS', 'REDIS_URL', 'SCHEMA_REGISTRY_URL'] as const

/**
 * Decides how the parts are had: the three addresses if they are set, else parts of our own.
 *
 * @throws StackError WEIR_STACK_ADDRESSES_INCOMPLETE if some addresses are set and others are not: a stack half theirs
 * and half ours would mix two clusters without a word.
 */
export function chooseWay(env: NodeJS.ProcessEnv): Way {
  const missing = names.filter((name) => !env[name]?.trim())
  if (missing.length === names.length) return { kind: 'ours' }
  if (missing.length > 0) {
    throw new StackError(
      'WEIR_STACK_ADDRESSES_INCOMPLETE',
      `${names.filter((name) => !missing.includes(name)).join(' and ')} is set, but ${missing.join(' and ')} is not. ` +
        'Set all three to use parts that already run, or none to have them started here.',
    )
  }
  const given = (name: (typeof names)[number]): string => env[name]?.trim() ?? ''
  return {
    kind: 'given',
    env: {
      KAFKA_BROKERS: given('KAFKA_BROKERS'),
      REDIS_URL: given('REDIS_URL'),
      SCHEMA_REGISTRY_URL: given('SCHEMA_REGISTRY_URL'),
    },
  }
}
