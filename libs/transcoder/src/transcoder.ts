import { FaultCode } from './faults.ts'
import type { BranchPart, BranchWriter, Transcoder } from './port.ts'
import { Canonical } from './read/canonical.ts'
import { compileReader } from './read/compile-reader.ts'
import { Places } from './read/places.ts'
import { readCleanFor } from './schema/clean-schema.ts'
import { readWriterSchema } from './schema/writer-schema.ts'
import { compileBranch } from './write/compile-branch.ts'
import { FieldRegistry } from './write/field-registry.ts'

/**
 * Compiles all branches that may decide over records of one writer schema, and the one reader that serves them. A schema
 * that can't be read gives a transcoder that refuses every record.
 * @param writerSchema parsed JSON, as the registry has it
 * @param contractSchema parsed JSON; a field or type that the writer calls by one of its aliases goes by its name
 * @throws CleanSchemaError when a clean schema and its branch don't fit each other
 */
export function compileTranscoder(
  writerSchema: unknown,
  parts: readonly BranchPart[],
  contractSchema?: unknown,
): Transcoder {
  const root = readWriterSchema(writerSchema, contractSchema)
  if (root === null) return unusable(parts)
  const places = new Places(root)
  const registry = new FieldRegistry()
  const branches = parts.map(({ cleanSchema, branch }) => compileBranch(root, places, cleanSchema, branch, registry))
  // After the branches have asked for their places: it notes those and no others.
  const reader = compileReader(places)
  const canonical = new Canonical(root)
  const { slots } = places

  return {
    fields: registry.fields,
    branches,
    read(bytes, start, end, marks) {
      const items = end - start
      const base = marks.reserve(slots)
      const view = marks.viewOf(bytes)
      const fault = reader.read(bytes, view, start, end, items, marks.positions, base)
      if (fault !== FaultCode.ok) return -fault
      if (reader.isCanonical) return marks.add(bytes, view, slots)

      const copy = canonical.copy(bytes, start, end)
      const copyView = marks.viewOf(copy)
      // As many items as before: those that take no byte don't become more because other bytes became fewer.
      const again = reader.read(copy, copyView, 0, copy.length, items, marks.positions, base)
      if (again !== FaultCode.ok || !reader.isCanonical) throw new Error('a canonical copy is no canonical record')
      return marks.add(copy, copyView, slots)
    },
  }
}

function unusable(parts: readonly BranchPart[]): Transcoder {
  for (const { cleanSchema, branch } of parts) readCleanFor(branch, cleanSchema)
  const writer: BranchWriter = {
    usable: false,
    write() {
      throw new TypeError('a branch that is not usable may not write')
    },
  }
  return { fields: [], branches: parts.map(() => writer), read: () => -FaultCode.unusableSchema }
}
