import type { ContractFault } from './error.ts'
import type { FileFaults } from './faults.ts'
import { Keys } from './keys.ts'
import { type LocatedEntry, parseYaml } from './located.ts'
import type { Purpose } from './model.ts'
import { isName, NAME_FORM } from './names.ts'

export const PURPOSES_FILE = 'purposes.yaml'

/** Without this file a folder is hardly a contract, so nothing else is said of it. */
export const noPurposes: ContractFault = {
  code: 'WEIR_CONTRACT_MISSING_FILE',
  file: PURPOSES_FILE,
  line: 1,
  what: 'there is no purposes.yaml',
  mend: 'Set WEIR_CONTRACTS to the folder that holds it, or write it: each purpose in plain words',
}

/** A purpose and the lines that later checks point at. */
export interface PurposeEntry {
  readonly purpose: Purpose
  readonly line: number
  readonly noticeLine: number
}

const KEYS = ['title', 'summary', 'benefit', 'basis', 'dpv', 'tcf', 'gpc', 'grantLasts', 'notice']

/** Reads purposes.yaml; entries with faults are left out of the answer. `names` has them all, good or not. */
export function readPurposes(text: string, faults: FileFaults): { entries: PurposeEntry[]; names: string[] } {
  const root = parseYaml(text, faults)
  if (root === null) return { entries: [], names: [] }
  if (root.kind !== 'map' || root.entries.size === 0) {
    faults.add(
      root.line,
      'WEIR_CONTRACT_BAD_VALUE',
      'there are no purposes',
      'Write each purpose as a name and its lines below',
    )
    return { entries: [], names: [] }
  }
  const names = [...root.entries.keys()]
  const entries = [...root.entries].map(([name, entry]) => readPurpose(name, entry, faults))
  return { entries: entries.filter((entry) => entry !== null), names }
}

function readPurpose(name: string, entry: LocatedEntry, faults: FileFaults): PurposeEntry | null {
  const { line, value } = entry
  if (!isName(name)) faults.add(line, 'WEIR_CONTRACT_BAD_VALUE', `"${name}" can't be the name of a purpose`, NAME_FORM)
  if (value.kind !== 'map') {
    faults.add(
      line,
      'WEIR_CONTRACT_BAD_VALUE',
      `"${name}" says nothing`,
      `Write these keys below it: ${KEYS.join(', ')}`,
    )
    return null
  }
  const keys = new Keys(value, faults, { known: KEYS }, line)
  const title = keys.text('title')
  const summary = keys.text('summary')
  const benefit = keys.text('benefit')
  const basis = keys.oneOf('basis', ['consent', 'legitimate-interest'])
  const dpv = keys.has('dpv') ? keys.text('dpv') : null
  const tcf = keys.has('tcf') ? keys.list('tcf', isTcfPurpose, 'ids of TCF purposes, such as [5, 6]') : null
  const gpc = keys.oneOf('gpc', ['denies', 'ignored'])
  const lasts = keys.duration('grantLasts', ['until withdrawn'])
  const notice = keys.count('notice')
  const complete = title && summary && benefit && basis && gpc && lasts && notice && isName(name)
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
  return { purpose, line, noticeLine: notice.line }
}

/** The TCF's vendor strings have room for 24 purposes. */
function isTcfPurpose(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 24
}
