/** What a log may hold of an error. */
export interface SafeError {
  readonly type: string
  readonly code?: string
  readonly message: string
  readonly stack?: string
  readonly cause?: SafeError
}

const MAX_CAUSES = 5

/**
 * Messages that quote the input they choked on, which may be an event: V8's JSON.parse, a Redis server's "unknown
 * command", avsc's type check. What follows the match is cut.
 */
const QUOTING = [/with args beginning with:/, /^invalid \S.*?:/s]

/**
 * An error for the log: type, code, message, frames and causes. Everything else an error carries is left out on
 * purpose, since clients hang whole commands, requests and inputs on theirs (ioredis `command.args`, URL `input`).
 */
export function safeError(thrown: unknown, depth = 0): SafeError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'something that is not an Error was thrown' }
  const frames = thrown.stack?.split('\n').filter((line) => line.startsWith('    at '))
  const code =
    'code' in thrown && (typeof thrown.code === 'string' || typeof thrown.code === 'number')
      ? String(thrown.code)
      : undefined
  const several = thrown instanceof AggregateError ? thrown.errors[0] : undefined
  const cause = thrown.cause ?? several
  return {
    type: thrown.name,
    ...(code === undefined ? {} : { code }),
    message: safeMessage(thrown),
    ...(frames === undefined || frames.length === 0 ? {} : { stack: frames.join('\n') }),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: safeError(cause, depth + 1) } : {}),
  }
}

function safeMessage(error: Error): string {
  if (error.name === 'SyntaxError') return 'text could not be parsed (details left out: they may quote it)'
  for (const pattern of QUOTING) {
    const found = pattern.exec(error.message)
    if (found) return `${error.message.slice(0, found.index + found[0].length)} … (left out: it may quote input)`
  }
  return error.message
}
