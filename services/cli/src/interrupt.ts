import { ExitCode } from './exit-codes.ts'

const endAtOnce = () => process.exit(ExitCode.interrupted)
let onInterrupt: () => void = endAtOnce

/** Ctrl-C ends the command at once, unless one has something to bring to an end first. */
export function listenForInterrupts(): void {
  process.on('SIGINT', () => onInterrupt())
}

/** Gives Ctrl-C and SIGTERM to `take` while `during` runs. */
export async function takingInterrupts<T>(take: () => void, during: () => Promise<T>): Promise<T> {
  onInterrupt = take
  process.on('SIGTERM', take)
  try {
    return await during()
  } finally {
    process.off('SIGTERM', take)
    onInterrupt = endAtOnce
  }
}
