import type { Branch, Path } from '@weir/contracts'
import { CleanSchemaError, FaultCode, RewriteFault } from '../faults.ts'
import type { Pseudonymize, Rewriter } from '../port.ts'
import { type Twin, type TwinRecord, type TwinValue, twinOf } from './avro-twin.ts'
import { findPath, withoutNull } from './leaf-path.ts'
import { type RecordNode, readSchema, type SchemaNode } from './schema-node.ts'
import { compileVerb } from './verb.ts'
import { checkWhole } from './whole-record.ts'

/**
 * The reference rewriter: decodes, filters, encodes. Slow and plain, so that the compiled transcoder can be tested
 * against it. It builds the clean record from the clean schema's fields, never by taking leaves away from the raw
 * one: what no branch names has no way in.
 *
 * A leaf that the branch does not name, or that the writer schema lacks, is null. A container is null when the branch
 * names none of its leaves or when it is null in the record. A writer schema that has a named leaf in a type that the
 * verb can't turn into the clean one gives a rewriter whose every record is the fault `unusableSchema`.
 *
 * @param writerSchema parsed JSON, as the registry has it @param cleanSchema parsed JSON, derived from the contract
 * @throws CleanSchemaError when the clean schema and the branch don't fit each other
 */
export function compileRewriter(writerSchema: unknown, cleanSchema: unknown, branch: Branch): Rewriter {
  const clean = readCleanSchema(cleanSchema)
  const cleanTwin = twinOf(clean)
  for (const { path } of branch.leaves) {
    const leaf = findPath(clean, cleanTwin, path)
    if (leaf === null || leaf.node.kind === 'record') {
      throw new CleanSchemaError(`the branch names ${path.join('.')}, which is no leaf of the clean schema`)
    }
  }
  const writer = readWriterSchema(writerSchema)
  const build = writer === null ? null : compileRecord(writer, clean, cleanTwin, branch, [])
  if (writer === null || build === null) return unusableRewriter

  return {
    rewrite(bytes, start, end, pseudonymize) {
      const fault = checkWhole(writer.root, bytes, start, end)
      if (fault !== FaultCode.ok) throw new RewriteFault(fault)
      return cleanTwin.encode(build(writer.twin.decode(bytes.subarray(start, end)), pseudonymize))
    },
  }
}

const unusableRewriter: Rewriter = {
  rewrite() {
    throw new RewriteFault(FaultCode.unusableSchema)
  },
}

interface Writer {
  readonly root: SchemaNode
  readonly twin: Twin
}

function readWriterSchema(schema: unknown): Writer | null {
  try {
    const root = readSchema(schema)
    return { root, twin: twinOf(root) }
  } catch {
    return null
  }
}

function readCleanSchema(schema: unknown): RecordNode {
  let root: SchemaNode
  try {
    root = readSchema(schema)
  } catch {
    throw new CleanSchemaError('the clean schema is no Avro schema that can be read')
  }
  if (root.kind !== 'record') throw new CleanSchemaError('the clean schema is no record')
  return root
}

type Build<T extends TwinValue> = (raw: TwinValue, pseudonymize: Pseudonymize | null) => T

/** Null: some named leaf can't be turned into its clean type. */
function compileRecord(
  writer: Writer,
  clean: RecordNode,
  cleanTwin: Twin,
  branch: Branch,
  above: Path,
): Build<TwinRecord> | null {
  const fields: Build<TwinValue>[] = []
  for (const field of clean.fields) {
    const path = [...above, field.name]
    const type = withoutNull(field.type)
    if (type?.nullable !== true) throw new CleanSchemaError(`${path.join('.')} of the clean schema can't be null`)
    const { node } = type
    const build =
      node.kind === 'record'
        ? compileContainer(writer, node, cleanTwin, branch, path)
        : compileLeaf(writer, node, branch, path)
    if (build === null) return null
    const key = cleanTwin.branchKey(node)
    fields.push((raw, pseudonymize) => {
      const value = build(raw, pseudonymize)
      return value === null ? null : { [key]: value }
    })
  }
  return (raw, pseudonymize) => {
    const record: Record<string, TwinValue> = {}
    for (const [i, build] of fields.entries()) record[`f${i}`] = build(raw, pseudonymize)
    return record
  }
}

function compileContainer(
  writer: Writer,
  clean: RecordNode,
  cleanTwin: Twin,
  branch: Branch,
  path: Path,
): Build<TwinValue> | null {
  const build = compileRecord(writer, clean, cleanTwin, branch, path)
  if (build === null) return null
  const found = findPath(writer.root, writer.twin, path)
  if (found?.node.kind !== 'record' || !branch.leaves.some((leaf) => isBelow(leaf.path, path))) return alwaysNull
  return (raw, pseudonymize) => (found.read(raw) === null ? null : build(raw, pseudonymize))
}

function compileLeaf(writer: Writer, clean: SchemaNode, branch: Branch, path: Path): Build<TwinValue> | null {
  const named = branch.leaves.find((leaf) => leaf.path.length === path.length && isBelow(leaf.path, path))
  const found = named === undefined ? null : findPath(writer.root, writer.twin, path)
  if (named === undefined || found === null) return alwaysNull
  const apply = compileVerb(named.verb, path, found.node, clean)
  if (apply === null) return null
  return (raw, pseudonymize) => {
    const value = found.read(raw)
    return value === null ? null : apply(value, pseudonymize)
  }
}

const alwaysNull: Build<TwinValue> = () => null

/** Whether `path` is `above` or lies below it. */
function isBelow(path: Path, above: Path): boolean {
  return above.every((name, i) => path[i] === name)
}
