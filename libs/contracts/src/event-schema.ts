import avsc from 'avsc'
import { type AvroLeafField, type AvroRecord, leavesOf, readAvro } from './avro.ts'
import type { FileFaults } from './faults.ts'
import { isObject, type Json, type Pointer } from './json.ts'
import { lineOfPointer, parseYaml } from './located.ts'
import type { RawLeaf } from './model.ts'
import { checkTags, type Steering } from './tag-check.ts'

/** A stream's raw schema, read and checked. */
export interface EventSchema {
  readonly json: Json
  readonly root: AvroRecord
  readonly leaves: readonly EventLeaf[]
  readonly steering: Steering
}

/** A leaf as the model shows it, and as the schema has it. */
export interface EventLeaf {
  /** Dotted path. */
  readonly name: string
  readonly raw: RawLeaf
  readonly field: AvroLeafField
  readonly enumHasDefault: boolean
}

/** Reads `event.avsc`. Null, after adding faults, when policies can't be checked against it. */
export function readEventSchema(text: string, faults: FileFaults): EventSchema | null {
  const json = parseJson(text, faults)
  if (json === undefined) return null
  // JSON is YAML, so YAML's parser tells the lines; it also notices a key written twice, which JSON.parse does not.
  const located = parseYaml(text, faults)
  if (located === null) return null
  const lineOf = (pointer: Pointer) => lineOfPointer(located, pointer)
  let broken = false
  const root = readAvro(json, (pointer, what, mend) => {
    broken = true
    faults.add(lineOf(pointer), 'WEIR_CONTRACT_SCHEMA', what, mend)
  })
  if (root === null || broken || !avscAccepts(json, faults)) return null
  const leaves = leavesOf(root).map(eventLeaf)
  return { json, root, leaves, steering: checkTags(root, leaves, faults, lineOf) }
}

function eventLeaf(field: AvroLeafField): EventLeaf {
  const { path, type, optional, tags, doc } = field
  const logical = type.logicalType === null ? {} : { logicalType: type.logicalType }
  const raw: RawLeaf = { path, type: type.type, ...logical, nullable: optional, tags, doc }
  const enumHasDefault = isObject(type.schema) && typeof type.schema['default'] === 'string'
  return { name: path.join('.'), raw, field, enumHasDefault }
}

function parseJson(text: string, faults: FileFaults): Json | undefined {
  try {
    return JSON.parse(text)
  } catch (error) {
    const line = lineOfJsonFault(text, error)
    faults.add(
      line,
      'WEIR_CONTRACT_SYNTAX',
      'not valid JSON',
      'Correct it; a comma too many or too few is the usual cause',
    )
    return undefined
  }
}

/** JSON.parse often keeps the place to itself; YAML's parser gives its line, where it finds a fault as well. */
function lineOfJsonFault(text: string, error: unknown): number {
  const told = /\(line (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  if (told !== undefined) return Number(told)
  let first: number | null = null
  parseYaml(text, { file: '', add: (line) => (first = Math.min(line, first ?? line)) })
  return first ?? 1
}

/** avsc is what encodes and decodes later, so it has the last word on what is a schema. */
function avscAccepts(json: Json, faults: FileFaults): boolean {
  try {
    avsc.Type.forSchema(structuredClone(json) as avsc.Schema)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    faults.add(1, 'WEIR_CONTRACT_SCHEMA', `not a valid Avro schema: ${message}`, 'Correct the schema')
    return false
  }
}
