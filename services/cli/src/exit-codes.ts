/** What a command ends with. The numbers are the same in all of them, so that scripts can tell what happened. */
export const ExitCode = {
  ok: 0,
  /** Some of the items failed: a policy test, a file. */
  someFailed: 1,
  usage: 2,
  /** The contract can't be used as it is. */
  contractInvalid: 3,
  /** Kafka, Redis, the registry, or something else that is needed, can't be reached. */
  unreachable: 4,
  /** It could have done harm, and was not done. */
  refused: 5,
  /** Settings under which a promise would not hold. */
  unhealthy: 10,
  /** What was looked for was found: a difference, a violation. */
  difference: 20,
  interrupted: 130,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
