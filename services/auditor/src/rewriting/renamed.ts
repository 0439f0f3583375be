import type { Node, RecordNode } from '../avro/node.ts'

/**
 * Gives fields and types of a writer schema the names that the contract has for them, where it lists theirs as aliases.
 * Changes `writer`, whose only reader we are.
 */
export function rename(writer: Node, contract: Node, done = new Set<Node>()): void {
  if (writer.kind === 'union') {
    for (const branch of writer.branches) rename(branch, contract, done)
    return
  }
  const target = contract.kind === 'union' ? contract.branches.find((branch) => isSame(writer, branch)) : contract
  if (target === undefined || target.kind !== writer.kind || done.has(writer)) return
  if ('name' in writer && 'name' in target && target.aliases.includes(writer.name)) writer.name = target.name
  if (writer.kind === 'array' && target.kind === 'array') rename(writer.items, target.items, done)
  if (writer.kind === 'map' && target.kind === 'map') rename(writer.values, target.values, done)
  if (writer.kind !== 'record' || target.kind !== 'record') return
  done.add(writer)
  renameFields(writer, target, done)
}

function renameFields(writer: RecordNode, target: RecordNode, done: Set<Node>): void {
  const taken = new Set(writer.fields.map(({ name }) => name))
  for (const field of writer.fields) {
    const found =
      target.fields.find(({ name }) => name === field.name) ??
      target.fields.find(({ name, aliases }) => aliases.includes(field.name) && !taken.has(name))
    if (found === undefined) continue
    taken.add(found.name)
    field.name = found.name
    rename(field.type, found.type, done)
  }
}

function isSame(type: Node, branch: Node): boolean {
  if (type.kind !== branch.kind) return false
  if (!('name' in type) || !('name' in branch)) return true
  return type.name === branch.name || branch.aliases.includes(type.name)
}
