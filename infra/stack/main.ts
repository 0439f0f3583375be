import { StackError } from './errors.ts'
import { npmGone } from './npm-gone.ts'
import { toStandardError } from './say.ts'
import { startStack } from './start-stack.ts'

/**
 * `npm run stack`: keeps a stack up until Ctrl-C or SIGTERM, for working by hand. On standard output are only
 * `export` lines, to be sourced by a shell; exit 0 when told to stop, 4 if the stack can't be had or loses a part.
 */
const asked = new Promise<'asked'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('asked'))
  void npmGone().then(() => resolve('asked'))
})

try {
  const starting = startStack()
  const first = await Promise.race([starting, asked])
  // Interrupted on the way: the guardian clears away what was begun.
  if (first === 'asked') process.exit(130)
  const stack = first
  for (const [name, value] of Object.entries(stack.env)) process.stdout.write(`export ${name}=${shellWord(value)}\n`)
  if (stack.kind === 'given') process.exit(0)
  toStandardError('up; Ctrl-C stops it and removes its data')
  const end = await Promise.race(stack.kind === 'native' ? [asked, stack.lost] : [asked])
  await stack.stop()
  if (end !== 'asked') throw end
  toStandardError('stopped, nothing left behind')
} catch (error) {
  if (!(error instanceof StackError)) throw error
  toStandardError(`${error.code}: ${error.message}`)
  process.exitCode = 4
}

/** A word that any POSIX shell reads as it is. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
