import type { Faults } from './faults.ts'
import { FILE_START } from './located.ts'
import { isName, NAME_FORM } from './names.ts'
import { PURPOSES_FILE } from './purposes-file.ts'

export interface StreamFiles {
  readonly name: string
  readonly policies: readonly { readonly file: string; readonly purpose: string; readonly notice: number }[]
}

/** Weir's own topics begin with these. */
const RESERVED = ['consent', 'weir']

export const EVENT_FILE = 'event.avsc'

/** Policy tests of a stream. The loader knows that they belong here; `weir policy test` reads them. */
const CASES_FILE = 'cases.yaml'

/**
 * Sorts a contract's files into streams. A file that looks like a part of a contract but has no place is a fault: what
 * it says must not be lost in silence.
 */
export function streamFiles(names: readonly string[], faults: Faults): StreamFiles[] {
  const streams = new Map<string, StreamFiles['policies'][number][]>()
  for (const file of names.toSorted()) {
    const [folder, name, ...deeper] = file.split('/')
    if (folder === undefined || folder === 'lists' || file === PURPOSES_FILE) continue
    if (!/\.(ya?ml|avsc|json)$/.test(file)) continue
    if (name === undefined || deeper.length > 0) {
      faults
        .in(file)
        .add(FILE_START, 'WEIR_CONTRACT_UNKNOWN_FILE', 'this file has no place in a contract', placeOf(file))
      continue
    }
    const policies = streams.get(folder) ?? []
    streams.set(folder, policies)
    if (name === EVENT_FILE || name === CASES_FILE) continue
    const policy = /^(.+)\.([1-9][0-9]{0,8})\.yaml$/.exec(name)
    if (policy !== null) policies.push({ file, purpose: policy[1] ?? '', notice: Number(policy[2]) })
    else
      faults.in(file).add(FILE_START, 'WEIR_CONTRACT_UNKNOWN_FILE', 'this file has no place in a stream', placeOf(file))
  }
  return [...streams].map(([name, policies]) => {
    if (!isName(name) || RESERVED.includes(name)) {
      const mend = RESERVED.includes(name) ? 'Topics that begin so are its own: choose another' : NAME_FORM
      const what = `"${name}" can't be the name of a stream`
      faults.in(`${name}/${EVENT_FILE}`).add(FILE_START, 'WEIR_CONTRACT_BAD_VALUE', what, mend)
    }
    return { name, policies: policies.toSorted((a, b) => a.notice - b.notice) }
  })
}

function placeOf(file: string): string {
  const like = /\.yml$/.test(file) ? '; mind that the ending is .yaml' : ''
  return `Name policies <stream>/<purpose>.<notice>.yaml, the schema <stream>/${EVENT_FILE}, policy tests <stream>/${CASES_FILE}${like}`
}
