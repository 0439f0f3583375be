import type { Output, Path, Stream } from '../../model.ts'
import { branchName, pathText } from '../../path.ts'
import { incompatibility } from '../compatible.ts'
import { eventFile, type LintContext, linesOf } from '../lint-context.ts'

/** Schemas are FULL_TRANSITIVE: each version reads, and is read by, every other. What breaks that is found here. */
export function incompatible(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    const earlier = context.against?.streams.find((one) => one.name === stream.name)
    const raw = versionsOf(context, stream.rawTopic, earlier?.rawSchema)
    report(context, stream, null, stream.rawTopic, stream.rawSchema, raw)
    for (const output of stream.outputs) {
      const before = earlier?.outputs.find((one) => one.topic === output.topic)
      report(
        context,
        stream,
        output,
        output.topic,
        output.cleanSchema,
        versionsOf(context, output.topic, before?.cleanSchema),
      )
    }
  }
}

interface Version {
  readonly name: string
  readonly schema: unknown
}

/** What is registered says more than an earlier contract, which may never have been applied. */
function versionsOf(context: LintContext, topic: string, earlier: unknown): readonly Version[] {
  const registered = context.registered.get(topic)
  if (registered !== undefined) return registered
  return earlier === undefined ? [] : [{ name: 'the earlier contract', schema: earlier }]
}

function report(
  context: LintContext,
  stream: Stream,
  output: Output | null,
  topic: string,
  schema: unknown,
  versions: readonly Version[],
): void {
  for (const version of versions) {
    const broken = incompatibility(schema, version.schema) ?? incompatibility(version.schema, schema)
    if (broken === null) continue
    const { file, spot } = placeOf(context, stream, output, broken.path)
    const where = broken.path.length === 0 ? 'the event' : broken.path.join('.')
    const what = `the schema of ${topic} breaks FULL_TRANSITIVE beside ${version.name}: ${where} ${broken.why}`
    const mend =
      output === null
        ? 'Give new fields a default, and change no type, name or field without one'
        : 'Undo it, or write to a new topic under the next notice'
    context.report('WEIR_LINT_INCOMPATIBLE', 'error', file, spot, what, mend)
    return
  }
}

/** The newest policy's line for the leaf, where the path is one of a clean schema; else the field in event.avsc. */
function placeOf(context: LintContext, stream: Stream, output: Output | null, path: readonly string[]) {
  const wanted = path.join('.')
  if (output !== null) {
    const line = linesOf(stream, output).findLast(({ leaf }) => cleanFields(leaf.path).startsWith(wanted))
    if (line !== undefined) {
      return { file: line.file, spot: context.places.ofLeaf(line.file, line.section, pathText(line.leaf.path)) }
    }
  }
  const leaf = stream.leaves.find((one) => fieldsOf(one.path).startsWith(wanted))
  return {
    file: eventFile(stream),
    spot: leaf === undefined ? context.places.of(eventFile(stream), []) : context.schemaSpot(stream, leaf.path),
  }
}

/** Names of fields as in the raw schema, where a union's branch is none. */
function fieldsOf(path: Path): string {
  return path.filter((step) => !/^[[{<]/.test(step)).join('.')
}

/** Names of fields as in the clean schema, where a union is a record with a field for each branch. */
function cleanFields(path: Path): string {
  return path.flatMap((step) => branchName(step)?.replaceAll('.', '_') ?? (/^[[{]/.test(step) ? [] : step)).join('.')
}
