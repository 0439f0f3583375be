import {
  type Branch,
  type BranchLeaf,
  type Contracts,
  leafAt,
  type Output,
  type Path,
  type Purpose,
  pathText,
  type RawLeaf,
} from '@weir/contracts'
import { verbWords } from './words.ts'

/** Leaves that pass in one form, each in the contract's own plain words. */
export interface CollectedGroup {
  readonly how: string
  readonly what: readonly string[]
}

/** What a purpose gets of one stream. */
export interface Collected {
  readonly granted: readonly CollectedGroup[]
  /** What passes without permission, under no name. Empty: nothing. */
  readonly otherwise: readonly CollectedGroup[]
  readonly recipients: readonly string[]
  readonly retentionDays: number
}

/** Derived from the contract, so that the page can't promise less than what is done. One entry a stream. */
export function collectedFor(purpose: Purpose, contracts: Contracts): Collected[] {
  return contracts.streams.flatMap((stream) =>
    stream.outputs
      .filter((output) => output.purpose.name === purpose.name)
      .map((output) => ({
        granted: groupByForm(policyToday(output, purpose), stream.leaves),
        otherwise: groupByForm(output.otherwise === null ? [] : leavesOf(output.otherwise), stream.leaves),
        recipients: output.recipients,
        retentionDays: Math.ceil(output.retentionMs / 86_400_000),
      })),
  )
}

/** What a grant given today allows: the newest policy file that today's notice covers. */
function policyToday(output: Output, purpose: Purpose): readonly BranchLeaf[] {
  const covered = output.policies.filter((policy) => policy.notice <= purpose.notice)
  const newest = covered.at(-1)
  return newest === undefined ? [] : leavesOf(newest.granted)
}

/** Those that only some events show as well, each once: what may be collected is told. */
function leavesOf(branch: Branch): readonly BranchLeaf[] {
  const leaves = [...branch.leaves, ...branch.only.flatMap((only) => only.leaves)]
  return [...new Map(leaves.map((leaf) => [pathText(leaf.path), leaf])).values()]
}

/** In the order in which the forms first come up. */
function groupByForm(leaves: readonly BranchLeaf[], raw: readonly RawLeaf[]): CollectedGroup[] {
  const groups = new Map<string, string[]>()
  for (const { path, verb } of leaves) {
    const how = verbWords[verb.kind]
    groups.set(how, [...(groups.get(how) ?? []), docOf(path, raw)])
  }
  return [...groups].map(([how, what]) => ({ how, what }))
}

function docOf(path: Path, raw: readonly RawLeaf[]): string {
  const doc = leafAt(raw, path)?.doc.trim()
  return doc === undefined || doc === '' ? pathText(path) : doc
}
