/**
 * Names of streams and purposes. They become part of Avro namespaces (no hyphens), topic names (Kafka's metrics can't
 * tell `.` from `_`) and metric labels: letters and digits suit all of them.
 */
export function isName(text: string): boolean {
  return /^[a-z][a-zA-Z0-9]{0,39}$/.test(text)
}

export const NAME_FORM = 'Use letters and digits only, a small letter first, at most 40'

/** The name of a purpose, `marketing`, or of a child of one, `marketing.email`. */
export function isPurpose(value: unknown): value is string {
  if (typeof value !== 'string') return false
  const [parent = '', child, ...more] = value.split('.')
  return isName(parent) && (child === undefined || isName(child)) && more.length === 0
}

export const PURPOSE_FORM = `${NAME_FORM}; a child purpose is written marketing.email`

/** The purpose that a child belongs to; null for one that is no child. */
export function parentOf(purpose: string): string | null {
  const dot = purpose.indexOf('.')
  return dot === -1 ? null : purpose.slice(0, dot)
}

/** Kafka's own rule for topic names, less some room for a namespace before and a suffix after it. */
export function isTopic(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,179}$/.test(text)
}
