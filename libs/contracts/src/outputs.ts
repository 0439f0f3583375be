import { type CleanLeaf, cleanLeafType, cleanSchema, nameClash } from './clean-schema.ts'
import type { EventSchema } from './event-schema.ts'
import type { Faults } from './faults.ts'
import { FILE_START } from './located.ts'
import type { Branch, BranchLeaf, Output, Purpose } from './model.ts'
import { pathText } from './path.ts'
import type { OnlyLines } from './policy-branch.ts'
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
    policies: files.map((policy) => ({
      notice: policy.notice,
      file: policy.file,
      needs: policy.needs.value,
      granted: branchOf(policy, policy.granted, policy.only),
    })),
    otherwise: newest.otherwise === null ? null : branchOf(newest, newest.otherwise, []),
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
      report.add(file.to, 'WEIR_CONTRACT_NOT_YET', what, 'Make them equal')
      continue
    }
    const mend = `Make it equal in all files that write to ${file.to.value}`
    if (file.retentionMs.value !== first.retentionMs.value) {
      report.add(file.retentionMs, 'WEIR_CONTRACT_UNEQUAL', `"retention" differs from ${first.file}`, mend)
    }
    if (!sameSet(file.recipients.value, first.recipients.value)) {
      report.add(file.recipients, 'WEIR_CONTRACT_UNEQUAL', `"recipients" differ from ${first.file}`, mend)
    }
    if (!sameSet(file.needs.value, first.needs.value)) {
      report.add(
        file.needs,
        'WEIR_CONTRACT_UNEQUAL',
        `"needs" differs from ${first.file}`,
        'Make it equal in all files of the purpose',
      )
    }
  }
  checkSensitive(files, faults)
  checkTypes(files, faults)
  if (schema === null) return
  const lines = allLines(files)
  const clash = nameClash(schema.root, lines.map(asCleanLeaf), { stream, purpose: first.purpose })
  if (clash !== null) {
    const what = `${clash[0]} and ${clash[1]} would give types of one name in the clean schema`
    const mend = 'Leave one of them out, or rename a field in event.avsc'
    faults.in(first.file).add(FILE_START, 'WEIR_CONTRACT_NAME_CLASH', what, mend)
  }
}

/** Whether delicate values pass is asked once for an event and purpose, whichever file decides. */
function checkSensitive(files: readonly PolicyFile[], faults: Faults): void {
  const asking = files.filter((file) => file.sensitive !== null)
  const first = asking[0]
  for (const file of asking.slice(1)) {
    if (file.sensitive?.needs === first?.sensitive?.needs) continue
    const what = `"sensitive" needs another purpose than in ${first?.file}`
    faults
      .in(file.file)
      .add(file.sensitive ?? FILE_START, 'WEIR_CONTRACT_UNEQUAL', what, 'Make it equal in all files of the purpose')
  }
}

/** One leaf has one type in a clean topic, whichever branch wrote it; so have all keys of a map. */
function checkTypes(files: readonly PolicyFile[], faults: Faults): void {
  const seen = new Map<string, { type: string; where: string }>()
  for (const file of files) {
    for (const named of linesOf(file)) {
      const { leaf, verb } = named
      const type = JSON.stringify(cleanLeafType(leaf.node, verb))
      const earlier = seen.get(leaf.name)
      if (earlier === undefined) seen.set(leaf.name, { type, where: `${file.file}:${named.line}` })
      else if (earlier.type !== type) {
        const what = `"${verb.kind}" makes ${pathText(named.path)} another type than ${earlier.where} does`
        const mend = 'Use verbs that give one type in all branches and files, and for all keys of a map'
        faults.in(file.file).add(named, 'WEIR_CONTRACT_TYPE_CHANGED', what, mend)
      }
    }
  }
}

function allLines(files: readonly PolicyFile[]): NamedLeaf[] {
  return files.flatMap(linesOf)
}

function linesOf(file: PolicyFile): NamedLeaf[] {
  return [...file.granted, ...file.only.flatMap((only) => only.leaves), ...(file.otherwise ?? [])]
}

function asCleanLeaf({ leaf, verb }: NamedLeaf): CleanLeaf {
  return { name: leaf.name, verb }
}

function asBranchLeaf({ path, verb }: NamedLeaf): BranchLeaf {
  return { path, verb }
}

function branchOf(file: PolicyFile, lines: readonly NamedLeaf[], only: readonly OnlyLines[]): Branch {
  return {
    leaves: lines.map(asBranchLeaf),
    events: file.events.map((condition) => condition.is),
    only: only.map(({ when, leaves }) => ({
      when: when.map((condition) => condition.is),
      leaves: leaves.map(asBranchLeaf),
    })),
    sensitive: file.sensitive?.sensitive ?? null,
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}
