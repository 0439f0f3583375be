import { isScalar, parseDocument } from 'yaml'

/** purposes.yaml with one purpose's notice raised, and nothing else changed. Null when it has no such line. */
export function raiseNotice(text: string, purpose: string, notice: number): string | null {
  const node = parseDocument(text).getIn([purpose, 'notice'], true)
  if (!isScalar(node) || !node.range) return null
  return `${text.slice(0, node.range[0])}${notice}${text.slice(node.range[1])}`
}
