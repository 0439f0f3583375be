import avsc from 'avsc'
import { type AvroInner, type AvroLeaf, leavesOf, nodeText } from './avro.ts'
import type { FileFaults } from './faults.ts'
import { isObject, type Json, type Pointer } from './json.ts'
import { FILE_START, parseYaml, type Spot, spotOfPointer } from './located.ts'
import type { RawLeaf } from './model.ts'
import { readAvro } from './read-avro.ts'
import { checkTags, type Steering } from './tag-check.ts'

/** A stream's raw schema, read and checked. */
export interface EventSchema {
  readonly json: Json
  readonly root: AvroInner
  readonly leaves: readonly EventLeaf[]
  readonly steering: Steering
}

/** A leaf as the model shows it, and as the schema has it. */
export interface EventLeaf {
  /** Its raw path as text, `items[].sku` or `flags{}`. */
  readonly name: string
  readonly raw: RawLeaf
  readonly node: AvroLeaf
  readonly enumHasDefault: boolean
}

/** Reads `event.avsc`. Null, after adding faults, when policies can't be checked against it. */
export function readEventSchema(text: string, faults: FileFaults): EventSchema | null {
  const json = parseJson(text, faults)
  if (json === undefined) return null
  // JSON is YAML, so YAML's parser tells the places; it also notices a key written twice, which JSON.parse does not.
  const located = parseYaml(text, faults)
  if (located === null) return null
  const spotOf = (pointer: Pointer) => spotOfPointer(located, pointer)
  let broken = false
  const root = readAvro(json, (pointer, what, mend) => {
    broken = true
    faults.add(spotOf(pointer), 'WEIR_CONTRACT_SCHEMA', what, mend)
  })
  if (root === null || broken || !avscAccepts(json, faults)) return null
  const leaves = leavesOf(root).map(eventLeaf)
  return { json, root, leaves, steering: checkTags(root, leaves, faults, spotOf) }
}

function eventLeaf(node: AvroLeaf): EventLeaf {
  const { path, type, optional, tags, doc, schema } = node
  const logical = node.logicalType === null ? {} : { logicalType: node.logicalType }
  const raw: RawLeaf = { path, type, ...logical, nullable: optional, tags, doc }
  const enumHasDefault = isObject(schema) && typeof schema['default'] === 'string'
  return { name: nodeText(node), raw, node, enumHasDefault }
}

function parseJson(text: string, faults: FileFaults): Json | undefined {
  try {
    return JSON.parse(text)
  } catch (error) {
    const mend = 'Correct it; a comma too many or too few is the usual cause'
    faults.add(spotOfJsonFault(text, error), 'WEIR_CONTRACT_SYNTAX', 'not valid JSON', mend)
    return undefined
  }
}

/** JSON.parse often keeps the place to itself; YAML's parser gives its own, where it finds a fault as well. */
function spotOfJsonFault(text: string, error: unknown): Spot {
  const told = /\(line (\d+) column (\d+)/.exec(error instanceof Error ? error.message : '')
  if (told !== null) return { line: Number(told[1]), column: Number(told[2]) }
  let first: Spot | null = null
  parseYaml(text, { file: '', add: (spot) => (first = first === null || spot.line < first.line ? spot : first) })
  return first ?? FILE_START
}

/** avsc is what encodes and decodes later, so it has the last word on what is a schema. */
function avscAccepts(json: Json, faults: FileFaults): boolean {
  try {
    avsc.Type.forSchema(structuredClone(json) as avsc.Schema)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    faults.add(FILE_START, 'WEIR_CONTRACT_SCHEMA', `not a valid Avro schema: ${message}`, 'Correct the schema')
    return false
  }
}
