import type { Faults } from './faults.ts'
import type { PolicyFile } from './policy-file.ts'

/** Checks that each `to` is a topic of its own: of no other purpose, no raw topic, none that Weir itself uses. */
export function checkTopics(
  streams: readonly { readonly name: string; readonly rawTopic: string; readonly policies: readonly PolicyFile[] }[],
  faults: Faults,
): void {
  const taken = new Map<string, string>()
  for (const { name, rawTopic } of streams) {
    taken.set(rawTopic, `the raw topic of "${name}"`)
    taken.set(`${name}.quarantine`, `the quarantine of "${name}"`)
  }
  const owners = new Map<string, string>()
  for (const stream of streams) {
    for (const { file, purpose, to } of stream.policies) {
      const add = (what: string) =>
        faults.in(file).add(to, 'WEIR_CONTRACT_TOPIC', what, `Choose another, such as ${stream.name}.${purpose}`)
      const owner = `${stream.name}/${purpose}`
      const other = owners.get(to.value) ?? owner
      const use = taken.get(to.value)
      if (use !== undefined) add(`"to" is ${use}`)
      else if (/^(consent|weir)\./.test(to.value)) add(`"${to.value}" begins like a topic of Weir's own`)
      else if (/\.forget$/.test(to.value)) add(`"${to.value}" ends like a topic of pseudonyms to forget`)
      else if (other !== owner) add(`"${to.value}" is already where ${other} goes`)
      else owners.set(to.value, owner)
    }
  }
}
