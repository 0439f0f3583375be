import { renamed } from './renamed.ts'
import { type RecordNode, readSchema } from './schema-node.ts'

/**
 * Reads a writer schema, with the contract's names for what it calls by one of the contract's aliases.
 * @param contractSchema parsed JSON; undefined: nothing is renamed
 * @returns null when it is no record that can be read
 */
export function readWriterSchema(writerSchema: unknown, contractSchema: unknown): RecordNode | null {
  const writer = readRecord(writerSchema)
  if (writer === null || contractSchema === undefined) return writer
  const contract = readRecord(contractSchema)
  return contract === null ? writer : renamed(writer, contract)
}

function readRecord(schema: unknown): RecordNode | null {
  try {
    const root = readSchema(schema)
    return root.kind === 'record' ? root : null
  } catch {
    return null
  }
}
