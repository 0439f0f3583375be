import pino from 'pino'
import { safeError } from './safe-error.ts'

/**
 * Fields that never reach the log, at the top or one level down. The rule is not to log them in the first place;
 * this is the net below it.
 */
const NEVER_LOGGED = [
  'subject',
  'subjectId',
  'deviceId',
  'userId',
  'id',
  'ref',
  'pseudonym',
  'salt',
  'payload',
  'value',
  'key',
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  'sasl',
]

/**
 * The logger of a service: JSON lines on stdout, written at once, so that the last line before an exit is there.
 * Errors go under `err` and are cut to what is safe (safe-error.ts).
 */
export function makeLogger(service: string, level: string): pino.Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => safeError(error) },
      hooks: { logMethod: withoutRawMessage },
      redact: { paths: NEVER_LOGGED.flatMap((field) => [field, `*.${field}`]), censor: '[left out]' },
    },
    pino.destination({ dest: 1, sync: true }),
  )
}

/** pino takes the message of a bare error as the line's own, past the serializer; this puts the safe one there. */
function withoutRawMessage(this: pino.Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  const first: unknown = args[0]
  const err = first instanceof Error ? first : errorOf(first)
  if (err === undefined) return method.apply(this, args)
  const fields = first instanceof Error ? { err } : { ...(first as object), err }
  const text: unknown = args[1]
  if (typeof text === 'string') return method.apply(this, [fields, ...args.slice(1)] as Parameters<pino.LogFn>)
  method.apply(this, [fields, safeError(err).message])
}

function errorOf(fields: unknown): Error | undefined {
  if (typeof fields !== 'object' || fields === null || !('err' in fields)) return undefined
  return fields.err instanceof Error ? fields.err : undefined
}
