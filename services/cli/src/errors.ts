import { ExitCode } from './exit-codes.ts'

export type CliErrorCode =
  | 'WEIR_CLI_USAGE'
  | 'WEIR_CLI_INPUT'
  | 'WEIR_CLI_REFUSED'
  | 'WEIR_CLI_UNREACHABLE'
  | 'WEIR_CLI_CASES'

/** A command can't do its work; the message says why and what to do, and the process ends with `exitCode`. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly exitCode: ExitCode

  constructor(code: CliErrorCode, exitCode: ExitCode, message: string) {
    super(message)
    this.code = code
    this.exitCode = exitCode
  }
}

export function usageError(message: string): CliError {
  return new CliError('WEIR_CLI_USAGE', ExitCode.usage, message)
}

export function refusal(message: string): CliError {
  return new CliError('WEIR_CLI_REFUSED', ExitCode.refused, message)
}
