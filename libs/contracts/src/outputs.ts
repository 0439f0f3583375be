import { cleanSchema, cleanType, nameClash } from './clean-schema.ts'
import type { EventSchema } from './event-schema.ts'
import type { Faults } from './faults.ts'
import type { Branch, Output, Purpose } from './model.ts'
import type { PolicyFile } from './policy-file.ts'
import type { NamedLeaf } from './policy-line.ts'

/** What one purpose gets of one stream, from its policy files (ascending by notice, at least one). */
export function outputOf(
  stream: string,
  purpose: Purpose,
  files: readonly PolicyFile[],
  schema: EventSchema,
): Output | null {
  const newest = files.at(-1)
  if (newest === undefined) return null
  return {
    purpose,
    topic: newest.to.value,
    retentionMs: newest.retentionMs.value,
    recipients: newest.recipients.value,
    policies: files.map(({ notice, file, granted }) => ({ notice, file, granted: branchOf(granted) })),
    otherwise: newest.otherwise === null ? null : branchOf(newest.otherwise),
    cleanSchema: cleanSchema(schema.root, allLines(files).map(asCleanLeaf), { stream, purpose: purpose.name }),
  }
}

/** Checks that files of one purpose and stream agree on what they share: the topic and the type of each leaf. */
export function checkTogether(
  stream: string,
  files: readonly PolicyFile[],
  schema: EventSchema | null,
  faults: Faults,
): void {
  const first = files[0]
  if (first === undefined) return
  for (const file of files.slice(1)) {
    const report = faults.in(file.file)
    if (file.to.value !== first.to.value) {
      const what = `"to" is "${file.to.value}", but ${first.file} has "${first.to.value}", and this version of Weir can't move a purpose to a new topic yet`
      report.add(file.to.line, 'WEIR_CONTRACT_NOT_YET', what, 'Make them equal')
      continue
    }
    const mend = `Make it equal in all files that write to ${file.to.value}`
    if (file.retentionMs.value !== first.retentionMs.value) {
      report.add(file.retentionMs.line, 'WEIR_CONTRACT_UNEQUAL', `"retention" differs from ${first.file}`, mend)
    }
    if (!sameSet(file.recipients.value, first.recipients.value)) {
      report.add(file.recipients.line, 'WEIR_CONTRACT_UNEQUAL', `"recipients" differ from ${first.file}`, mend)
    }
  }
  checkTypes(files, faults)
  if (schema === null) return
  const lines = allLines(files)
  const clash = nameClash(schema.root, lines.map(asCleanLeaf), { stream, purpose: first.purpose })
  if (clash !== null) {
    const what = `${clash[0]} and ${clash[1]} would give types of one name in the clean schema`
    faults
      .in(first.file)
      .add(1, 'WEIR_CONTRACT_NAME_CLASH', what, 'Leave one of them out, or rename a field in event.avsc')
  }
}

/** One leaf has one type in a clean topic, whichever branch wrote it. */
function checkTypes(files: readonly PolicyFile[], faults: Faults): void {
  const seen = new Map<string, { type: string; where: string }>()
  for (const file of files) {
    for (const { leaf, verb, line } of [...file.granted, ...(file.otherwise ?? [])]) {
      const type = JSON.stringify(cleanType(leaf.field, verb))
      const earlier = seen.get(leaf.name)
      if (earlier === undefined) seen.set(leaf.name, { type, where: `${file.file}:${line}` })
      else if (earlier.type !== type) {
        const what = `"${verb.kind}" makes ${leaf.name} another type than ${earlier.where} does`
        faults
          .in(file.file)
          .add(line, 'WEIR_CONTRACT_TYPE_CHANGED', what, 'Use verbs that give one type in all branches and files')
      }
    }
  }
}

function allLines(files: readonly PolicyFile[]): NamedLeaf[] {
  return files.flatMap((file) => [...file.granted, ...(file.otherwise ?? [])])
}

function asCleanLeaf({ leaf, verb }: NamedLeaf) {
  return { path: leaf.raw.path, verb }
}

function branchOf(lines: readonly NamedLeaf[]): Branch {
  return { leaves: lines.map(asCleanLeaf) }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}
