import { type Branch, type BranchLeaf, type Path, pathText, type Verb } from '@weir/contracts'
import { CleanSchemaError } from '../faults.ts'
import { holds } from './holds.ts'
import { readStep } from './path-step.ts'
import { type RecordNode, readSchema, type SchemaNode } from './schema-node.ts'

/**
 * Reads a clean schema: a record in which everything may be null, fields, elements of arrays and values of maps alike.
 * @throws CleanSchemaError
 */
function readCleanSchema(schema: unknown): RecordNode {
  let root: SchemaNode
  try {
    root = readSchema(schema)
  } catch {
    throw new CleanSchemaError('the clean schema is no Avro schema that can be read')
  }
  if (root.kind !== 'record') throw new CleanSchemaError('the clean schema is no record')
  checkFields(root, [])
  return root
}

/**
 * Reads the clean schema that a branch fills, and checks that it has a leaf for each of the branch's lines.
 * @throws CleanSchemaError
 */
export function readCleanFor(branch: Branch, schema: unknown): RecordNode {
  const clean = readCleanSchema(schema)
  for (const leaf of [branch, ...branch.only].flatMap(({ leaves }) => leaves)) checkNamed(clean, leaf)
  return clean
}

function checkFields(record: RecordNode, path: Path): void {
  for (const { name, type } of record.fields) checkNullable(type, [...path, name])
}

function checkNullable(place: SchemaNode, path: Path): void {
  const [none, type, ...others] = place.kind === 'union' ? place.branches : []
  if (none?.kind !== 'null' || type === undefined || type.kind === 'union' || others.length > 0) {
    throw new CleanSchemaError(
      `${pathText(path)} of the clean schema can't be null, or is not null and one type in this order`,
    )
  }
  if (type.kind === 'record') checkFields(type, path)
  if (type.kind === 'array') checkNullable(type.items, [...path, '[]'])
  if (type.kind === 'map') checkNullable(type.values, [...path, '{}'])
}

/** The type of a place of a clean schema beside null. */
export function cleanType(place: SchemaNode): SchemaNode {
  const type = place.kind === 'union' ? place.branches[1] : undefined
  if (type === undefined) throw new Error('the clean schema was checked')
  return type
}

/** The field of a union's record in which a branch lies: a clean union is a record with a field a branch. */
export function branchField(name: string): string {
  return name.replaceAll('.', '_')
}

/** @throws CleanSchemaError when the clean schema has no leaf for what a branch's line gives */
function checkNamed(root: RecordNode, { path, verb }: BranchLeaf): void {
  let type: SchemaNode | undefined = root
  for (const text of path) {
    const place: SchemaNode | undefined = type === undefined ? undefined : below(type, text)
    type = place === undefined ? undefined : cleanType(place)
  }
  if (type === undefined || type.kind === 'record' || type.kind === 'array' || type.kind === 'map') {
    throw new CleanSchemaError(`the branch names ${pathText(path)}, which is no leaf of the clean schema`)
  }
  if (!canHold(type, verb)) {
    throw new CleanSchemaError(`the clean type of ${pathText(path)} can't hold what "${verb.kind}" gives`)
  }
}

/** What a verb gives that stands in the policy itself, so that no event is needed to know. */
function canHold(type: SchemaNode, verb: Verb): boolean {
  if (verb.kind === 'set') return holds(type, verb.constant)
  return verb.kind !== 'bucket' || verb.bounds.every((bound) => holds(type, bound))
}

function below(type: SchemaNode, text: string): SchemaNode | undefined {
  const step = readStep(text)
  switch (step.kind) {
    case 'field':
      return type.kind === 'record' ? fieldNamed(type, step.name) : undefined
    case 'items':
      return type.kind === 'array' ? type.items : undefined
    case 'keys':
      return type.kind === 'map' ? type.values : undefined
    case 'branch':
      return type.kind === 'record' ? fieldNamed(type, branchField(step.name)) : undefined
  }
}

function fieldNamed(record: RecordNode, wanted: string): SchemaNode | undefined {
  return record.fields.find(({ name }) => name === wanted)?.type
}
