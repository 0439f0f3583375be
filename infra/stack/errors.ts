/** Why there is no stack. `code` is stable; `message` says what is wrong and what to do about it. */
export type StackErrorCode =
  | 'WEIR_STACK_ADDRESSES_INCOMPLETE'
  | 'WEIR_STACK_JAVA_MISSING'
  | 'WEIR_STACK_MAVEN_MISSING'
  | 'WEIR_STACK_BRING_FAILED'
  | 'WEIR_STACK_DOCKER_FAILED'
  | 'WEIR_STACK_NO_REDIS'
  | 'WEIR_STACK_NO_PORT'
  | 'WEIR_STACK_PART_DIED'
  | 'WEIR_STACK_PART_SLOW'
  | 'WEIR_STACK_GUARDIAN_LOST'

/** The one error class of the stack: nothing a caller can do differs between its codes but to show the message. */
export class StackError extends Error {
  override readonly name = 'StackError'
  readonly code: StackErrorCode

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
