import { type Finding, lintContracts, loadContracts, type Registered } from '@weir/contracts'
import { expectedPlace, type Planted, plant } from './planted.ts'
import type { Preset } from './presets.ts'

/** Null when lint reports the mistake on the right line; else what it reports instead. */
export function missed(mistake: Planted, preset: Preset): string | null {
  const files = plant(mistake, preset.files)
  const { file, line } = expectedPlace(mistake, files)
  const before = loadContracts(preset.files)
  const { findings } = lintContracts(files, { against: before, registered: registeredBy(preset) })
  const found = findings.filter((finding) => finding.rule === mistake.finds)
  // What lint said before anything was planted proves nothing.
  const known = lintContracts(preset.files).findings.map(saying)
  if (found.some((one) => one.file === file && one.line === line && !known.includes(saying(one)))) return null
  const instead = findings.map((one) => `${one.file}:${one.line} ${one.rule}`).join(', ')
  return `expected ${file}:${line} ${mistake.finds}; lint says ${instead === '' ? 'nothing' : instead}`
}

/** The schemas that `weir contract apply` has registered for a preset, by topic. */
function registeredBy(preset: Preset): Registered {
  const { streams } = loadContracts(preset.files)
  const topics = streams.flatMap(({ rawTopic, rawSchema, outputs }) => [
    { topic: rawTopic, schema: rawSchema },
    ...outputs.map(({ topic, cleanSchema }) => ({ topic, schema: cleanSchema })),
  ])
  return new Map(topics.map(({ topic, schema }) => [topic, [{ name: 'version 1', schema }]]))
}

function saying({ rule, file, what }: Finding): string {
  return `${rule} ${file} ${what}`
}
