import type { Pseudonyms } from '../check/pseudonyms.ts'

/** A person as somebody knows them who has all keys and their raw events: the ref, and values of leaves. */
export interface KnownPerson {
  readonly ref: string
  readonly leaves: readonly (readonly [path: string, value: string])[]
}

export interface Material {
  /** All that are to be had, whoever they belong to. */
  readonly salts: ReadonlySet<string>
  readonly epochs: readonly number[]
  readonly purposes: readonly string[]
  readonly stream: string
}

/** Every pseudonym of these people that can be computed: all salts with all epochs, purposes and field domains. */
export function recomputable(pseudonyms: Pseudonyms, people: readonly KnownPerson[], material: Material): Set<string> {
  const { salts, epochs, purposes, stream } = material
  const computed = new Set<string>()
  const paths = new Set(people.flatMap(({ leaves }) => leaves.map(([path]) => path)))
  for (const salt of salts) {
    for (const purpose of purposes) {
      for (const epoch of epochs) {
        const grant = { purpose, epoch, salt }
        for (const { ref, leaves } of people) {
          computed.add(pseudonyms.ofSubject(grant, ref))
          for (const [, value] of leaves)
            for (const path of paths) computed.add(pseudonyms.ofLeaf(grant, stream, path, value))
        }
      }
    }
  }
  return computed
}
