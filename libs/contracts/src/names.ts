/**
 * Names of streams and purposes. They become part of Avro namespaces (no hyphens), topic names (Kafka's metrics can't
 * tell `.` from `_`) and metric labels: letters and digits suit all of them.
 */
export function isName(text: string): boolean {
  return /^[a-z][a-zA-Z0-9]{0,39}$/.test(text)
}

export const NAME_FORM = 'Use letters and digits only, a small letter first, at most 40'

/** Kafka's own rule for topic names, less some room for a namespace before and a suffix after it. */
export function isTopic(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,179}$/.test(text)
}
