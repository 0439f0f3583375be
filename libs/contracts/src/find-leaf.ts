import { type AvroInner, type AvroNode, leavesOf, nodeText } from './avro.ts'
import type { EventLeaf, EventSchema } from './event-schema.ts'
import type { Path } from './model.ts'
import { nearest, nearestPath } from './nearest.ts'
import { branchName, EACH, isSpecial, parsePath, pathText, rawPath } from './path.ts'
import type { Refusal } from './verbs.ts'

/** A policy's path and the leaf that it names. */
export interface FoundLeaf {
  readonly path: Path
  readonly leaf: EventLeaf
}

/** Reads a path and looks its leaf up, or says what is wrong and which leaf was probably meant. */
export function findLeaf(text: string, schema: EventSchema): FoundLeaf | Refusal {
  const path = parsePath(text)
  if ('what' in path) return { code: 'WEIR_CONTRACT_BAD_PATH', ...path }
  const wanted = pathText(rawPath(path))
  const leaf = schema.leaves.find((one) => one.name === wanted)
  if (leaf === undefined) return missing(path, schema)
  if (leaf.node.closed === null) return { path, leaf }
  return notALeaf(`${pathText(path)} is ${leaf.node.closed}`, 'Leave it out: it is stripped')
}

/** Follows the path as far as it goes, to say at which step it went wrong. */
function missing(path: Path, schema: EventSchema): Refusal {
  let at: AvroNode = schema.root
  for (const [i, step] of rawPath(path).entries()) {
    if (at.kind === 'leaf') return insideLeaf(at.closed, nodeText(at))
    const next: AvroNode | undefined = at.children.find((child) => child.step === step)
    if (next === undefined) return wrongStep(at, path, i, schema)
    at = next
  }
  const inside = leavesOf(at).filter((leaf) => leaf.closed === null)
  const examples = inside.slice(0, 8).map((leaf) => nodeText(leaf).replaceAll('{}', '{…}'))
  const more = inside.length > examples.length ? `, … (${inside.length} in all)` : ''
  const kind =
    at.kind === 'union' ? 'a union of several types' : at.kind === 'record' ? 'a record' : `${article(at.kind)}`
  return notALeaf(
    `${pathText(path)} is ${kind}, and only leaves can be named`,
    `Name its leaves, one a line: ${examples.join(', ')}${more}`,
  )
}

function wrongStep(at: AvroInner, path: Path, index: number, schema: EventSchema): Refusal {
  const step = path[index] ?? ''
  const place = at.step === '' ? 'an event' : nodeText(at)
  const like = didYouMean(path, schema)
  const refuse = (what: string, mend: string): Refusal => ({
    code: 'WEIR_CONTRACT_UNKNOWN_FIELD',
    what,
    mend: like ?? mend,
  })
  switch (at.kind) {
    case 'record':
      if (isSpecial(step))
        return refuse(`${place} is a record, so "${step}" can't follow`, `Write ${place} and a field of it`)
      return refuse(`event.avsc has no ${pathText(path)}`, `Leaves are: ${names(schema).slice(0, 20).join(', ')}`)
    case 'array':
      return refuse(`${place} is an array, so ${place}${EACH} is what each element is`, `Write ${place}${EACH}`)
    case 'map':
      return {
        code: 'WEIR_CONTRACT_UNKNOWN_FIELD',
        what: `${place} is a map, so its keys have to be named`,
        mend: `Write ${place}{${isSpecial(step) ? 'a,b' : step}}`,
      }
    case 'union':
      return wrongBranch(at, step, refuse)
  }
}

function wrongBranch(at: AvroInner, step: string, refuse: (what: string, mend: string) => Refusal): Refusal {
  const branches = at.children.map((child) => branchName(child.step) ?? '')
  const name = branchName(step)
  if (name === null) {
    return refuse(
      `${nodeText(at)} may be one of several types, so its branch has to be named`,
      `Write one of: ${branches.map((branch) => `${nodeText(at)}<${branch}>`).join(', ')}`,
    )
  }
  const near = nearest(name, branches)
  const mend = near === null ? `Its branches are: ${branches.join(', ')}` : `Did you mean <${near}>?`
  return { code: 'WEIR_CONTRACT_UNKNOWN_FIELD', what: `${nodeText(at)} has no branch ${name}`, mend }
}

function insideLeaf(closed: string | null, name: string): Refusal {
  if (closed !== null) return notALeaf(`${name} is ${closed}`, 'Leave it out: it is stripped')
  return { code: 'WEIR_CONTRACT_UNKNOWN_FIELD', what: `there is nothing inside ${name}`, mend: `Write ${name}` }
}

/** First a path of the same fields, such as `items[].sku` for `items.sku`; then one that is spelt alike. */
function didYouMean(path: Path, schema: EventSchema): string | null {
  const fields = fieldsOf(path)
  const same = schema.leaves.find((leaf) => leaf.node.closed === null && fieldsOf(leaf.raw.path) === fields)
  const like = same?.name ?? nearestPath(pathText(path), names(schema))
  if (like === null) return null
  return like.includes('{}')
    ? `Did you mean ${like.replaceAll('{}', '{…}')}, with the keys that may pass?`
    : `Did you mean ${like}?`
}

function fieldsOf(path: Path): string {
  return path.filter((step) => !isSpecial(step)).join('.')
}

function names(schema: EventSchema): string[] {
  return schema.leaves.filter((leaf) => leaf.node.closed === null).map((leaf) => leaf.name)
}

function article(kind: string): string {
  return kind === 'array' ? 'an array' : `a ${kind}`
}

function notALeaf(what: string, mend: string): Refusal {
  return { code: 'WEIR_CONTRACT_NOT_A_LEAF', what, mend }
}
