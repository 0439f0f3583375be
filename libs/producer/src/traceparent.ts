const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/
const NO_VERSION = 'ff'

/**
 * Whether the text is a W3C Trace Context `traceparent` (of version 00, or a later one without additions). One that is
 * not is to be ignored (section 3.2): tracing must never stop an event.
 */
export function isTraceparent(text: string): boolean {
  const [, version, trace, parent] = FORM.exec(text) ?? []
  if (version === undefined || trace === undefined || parent === undefined || version === NO_VERSION) return false
  return !/^0+$/.test(trace) && !/^0+$/.test(parent)
}
