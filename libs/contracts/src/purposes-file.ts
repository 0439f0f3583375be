import type { ContractFault } from './error.ts'
import type { FileFaults } from './faults.ts'
import { Keys } from './keys.ts'
import { keyNames } from './language-key.ts'
import { purposeKeys } from './language-keys.ts'
import { FILE_START, type LocatedEntry, parseYaml, type Spot } from './located.ts'
import type { Purpose } from './model.ts'
import { isPurpose, PURPOSE_FORM, parentOf } from './names.ts'
import { nearest } from './nearest.ts'

export const PURPOSES_FILE = 'purposes.yaml'

/** Without this file a folder is hardly a contract, so nothing else is said of it. */
export const noPurposes: ContractFault = {
  code: 'WEIR_CONTRACT_MISSING_FILE',
  file: PURPOSES_FILE,
  ...FILE_START,
  what: 'there is no purposes.yaml',
  mend: 'Set WEIR_CONTRACTS to the folder that holds it, or write it: each purpose in plain words',
}

/** A purpose and the places that later checks point at. */
export interface PurposeEntry extends Spot {
  readonly purpose: Purpose
  readonly noticeSpot: Spot
}

const KEYS = keyNames(purposeKeys)

/** Reads purposes.yaml; entries with faults are left out of the answer. `names` has them all, good or not. */
export function readPurposes(text: string, faults: FileFaults): { entries: PurposeEntry[]; names: string[] } {
  const root = parseYaml(text, faults)
  if (root === null) return { entries: [], names: [] }
  if (root.kind !== 'map' || root.entries.size === 0) {
    const mend = 'Write each purpose as a name and its lines below'
    faults.add(root, 'WEIR_CONTRACT_BAD_VALUE', 'there are no purposes', mend)
    return { entries: [], names: [] }
  }
  const names = [...root.entries.keys()]
  for (const [name, entry] of root.entries) checkParent(name, entry, names, faults)
  const entries = [...root.entries].map(([name, entry]) => readPurpose(name, entry, faults))
  return { entries: entries.filter((entry) => entry !== null), names }
}

function readPurpose(name: string, entry: LocatedEntry, faults: FileFaults): PurposeEntry | null {
  const { line, column, value } = entry
  if (!isPurpose(name))
    faults.add(entry, 'WEIR_CONTRACT_BAD_VALUE', `"${name}" can't be the name of a purpose`, PURPOSE_FORM)
  if (value.kind !== 'map') {
    const mend = `Write these keys below it: ${KEYS.join(', ')}`
    faults.add(entry, 'WEIR_CONTRACT_BAD_VALUE', `"${name}" says nothing`, mend)
    return null
  }
  const keys = new Keys(value, faults, KEYS, entry)
  const title = keys.text('title')
  const summary = keys.text('summary')
  const benefit = keys.text('benefit')
  const basis = keys.oneOf('basis', ['consent', 'legitimate-interest'])
  const dpv = keys.has('dpv') ? keys.text('dpv') : null
  const tcf = keys.has('tcf') ? keys.list('tcf', isTcfPurpose, 'ids of TCF purposes, such as [5, 6]') : null
  const gpc = keys.oneOf('gpc', ['denies', 'ignored'])
  const lasts = keys.duration('grantLasts', ['until withdrawn'])
  const notice = keys.count('notice')
  const complete = title && summary && benefit && basis && gpc && lasts && notice && isPurpose(name)
  if (!complete) return null
  const purpose: Purpose = {
    name,
    title: title.value,
    summary: summary.value,
    benefit: benefit.value,
    basis: basis.value,
    dpv: dpv?.value ?? null,
    tcf: tcf?.value ?? [],
    gpc: gpc.value,
    grantLastsMs: lasts.value,
    notice: notice.value,
  }
  return { purpose, line, column, noticeSpot: notice }
}

/** A child is explained beside its parent, so there must be one. */
function checkParent(name: string, spot: Spot, names: readonly string[], faults: FileFaults): void {
  const parent = isPurpose(name) ? parentOf(name) : null
  if (parent === null || names.includes(parent)) return
  const like = nearest(parent, names)
  const mend = like === null ? `Add the purpose "${parent}", or choose a name without a dot` : `Did you mean "${like}"?`
  faults.add(
    spot,
    'WEIR_CONTRACT_UNKNOWN_PURPOSE',
    `"${name}" is a child of "${parent}", which is no purpose here`,
    mend,
  )
}

/** The TCF's vendor strings have room for 24 purposes. */
function isTcfPurpose(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 24
}
