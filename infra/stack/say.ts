/** The stack's voice where nothing else is asked for: standard error, so that standard output stays data. */
export function toStandardError(line: string): void {
  process.stderr.write(`stack: ${line}\n`)
}
