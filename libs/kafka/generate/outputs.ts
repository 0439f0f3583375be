import { fileURLToPath } from 'node:url'
import { errorsPage } from '@weir/kafka/errors-page'

/** What is generated from src/protocol/error-table.ts: texts by the path of their file. */
export function generated(): Map<string, string> {
  return new Map([[fileURLToPath(new URL('../../../docs/reference/kafka-errors.md', import.meta.url)), errorsPage()]])
}
