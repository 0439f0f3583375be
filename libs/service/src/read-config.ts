import type { z } from 'zod'
import { kafkaGaps } from './kafka-gaps.ts'

/** The environment does not make a configuration. `message` names every variable that is wrong, and how to mend it. */
export class ConfigError extends Error {
  readonly code = 'WEIR_CONFIG'
  override readonly name = 'ConfigError'
  readonly variables: readonly string[]

  constructor(message: string, variables: readonly string[]) {
    super(message)
    this.variables = variables
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a configuration from environment variables. An empty variable counts as absent, since compose files and
 * shells can't leave one out. Throws one ConfigError that names all that is wrong.
 */
export function readConfig<Shape extends z.ZodObject>(
  name: string,
  schema: Shape,
  environment: Environment,
): z.output<Shape> {
  const present: Record<string, string> = {}
  for (const variable of Object.keys(schema.shape)) {
    const value = environment[variable]
    if (value !== undefined && value !== '') present[variable] = value
  }

  const wrong = new Map<string, string>()
  const parsed = schema.safeParse(present)
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0])
    wrong.set(variable, explain(variable, schema, present[variable]))
  }
  for (const { variable, why } of 'KAFKA_SASL_MECHANISM' in schema.shape ? kafkaGaps(present) : []) {
    if (!wrong.has(variable)) wrong.set(variable, why ?? explain(variable, schema, undefined))
  }
  if (parsed.success && wrong.size === 0) return parsed.data

  const count = wrong.size === 1 ? '1 setting is' : `${wrong.size} settings are`
  const message = `${name} can't start: ${count} missing or wrong in the environment.\n  ${[...wrong.values()].join('\n  ')}`
  throw new ConfigError(message, [...wrong.keys()])
}

function explain(variable: string, schema: z.ZodObject, value: string | undefined): string {
  const field: z.ZodType | undefined = schema.shape[variable]
  const what = field?.description ?? 'see the README of the service'
  if (value === undefined) return `${variable} is missing. ${what}.`
  const seen = field?.meta()?.['shown'] === true ? ` (it is ${JSON.stringify(value)})` : ''
  return `${variable} is wrong${seen}. ${what}.`
}
