import type { Faults, FileFaults } from './faults.ts'
import type { Spot } from './located.ts'
import { parentOf } from './names.ts'
import { nearest } from './nearest.ts'
import type { PolicyFile } from './policy-file.ts'

/** Checks the purposes that policies need beside their own. `names` are those of purposes.yaml. */
export function checkNeeds(files: readonly PolicyFile[], names: readonly string[], faults: Faults): void {
  for (const file of files) {
    const report = faults.in(file.file)
    for (const need of file.needs.value) checkNeed(need, file.needs, file.purpose, names, report)
    if (file.sensitive !== null) checkNeed(file.sensitive.needs, file.sensitive, file.purpose, names, report)
    for (const child of [
      file.purpose,
      ...file.needs.value,
      ...(file.sensitive === null ? [] : [file.sensitive.needs]),
    ]) {
      const parent = parentOf(child)
      if (parent === null || parent === file.purpose || file.needs.value.includes(parent)) continue
      const what = `"${child}" belongs to "${parent}", and nothing here says that "${parent}" must be granted too`
      report.add(
        file.needs,
        'WEIR_CONTRACT_NEEDS',
        what,
        `Write "needs: [${[parent, ...file.needs.value].join(', ')}]"`,
      )
    }
  }
}

function checkNeed(need: string, spot: Spot, own: string, names: readonly string[], report: FileFaults): void {
  if (need === own) {
    report.add(
      spot,
      'WEIR_CONTRACT_NEEDS',
      `"${own}" needs itself, which says nothing`,
      'Name another purpose, or take it out',
    )
  } else if (!names.includes(need)) {
    const like = nearest(need, names)
    const mend = like === null ? `Purposes are: ${names.join(', ')}` : `Did you mean "${like}"?`
    report.add(spot, 'WEIR_CONTRACT_UNKNOWN_PURPOSE', `purposes.yaml has no purpose "${need}"`, mend)
  }
}

/** Purposes that some policy needs: these may be without a policy of their own, as channels are. */
export function neededBy(files: readonly PolicyFile[]): Set<string> {
  return new Set(
    files.flatMap(({ needs, sensitive }) => [...needs.value, ...(sensitive === null ? [] : [sensitive.needs])]),
  )
}
