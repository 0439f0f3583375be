import { readFileSync } from 'node:fs'
import type { Branch, Path, Stream } from '@weir/contracts'
import { keysOf, pathText, rawPath } from '@weir/contracts'
import { CaseFile } from '../cases/case-file.ts'
import { CliError } from '../errors.ts'
import { type AvroType, avroType, withoutNull } from '../events/avro-type.ts'
import { complete, type Problem, problemPath } from '../events/complete.ts'
import { sample } from '../events/sample.ts'
import { isPart, type Value } from '../events/value.ts'
import { ExitCode } from '../exit-codes.ts'

const STDIN_FD = 0

/** An event from a file (JSON or YAML), or from stdin for `-`. */
export function readEvent(stream: Stream, file: string): Value {
  const source = new CaseFile(file === '-' ? 'stdin' : file, textOf(file))
  if (source.faults.length === 0) {
    const problems: Problem[] = []
    const event = complete(avroType(stream.rawSchema), source.content, 'sample', problems)
    if (problems.length === 0) return event
    for (const problem of problems) {
      source.fault(problem.at, `${problemPath(problem) || 'the event'}: ${problem.what}`, problem.mend)
    }
  }
  const lines = source.faults.map(
    (one) => `${one.file}:${one.line}:${one.column}: ${one.what}. ${one.mend}${one.mend.endsWith('?') ? '' : '.'}`,
  )
  throw new CliError('WEIR_CLI_INPUT', ExitCode.usage, lines.join('\n'))
}

/** An event in which everything is there once, with the map keys that policies name. */
export function sampleEvent(stream: Stream): Value {
  const type = avroType(stream.rawSchema)
  return withNamedKeys(type, sample(type, stream.name, 'full'), [], namedKeys(stream))
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? STDIN_FD : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new CliError('WEIR_CLI_INPUT', ExitCode.usage, `${file} can't be read (${code}).`)
  }
}

/** Keys that policies name, by the path of the map. */
function namedKeys(stream: Stream): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>()
  const branches = stream.outputs.flatMap(({ policies, otherwise }): Branch[] => [
    ...policies.map((policy) => policy.granted),
    ...(otherwise === null ? [] : [otherwise]),
  ])
  for (const branch of branches) {
    for (const { path } of [...branch.leaves, ...branch.only.flatMap((one) => one.leaves)]) {
      for (const [i, step] of path.entries()) {
        const map = pathText(rawPath(path.slice(0, i)))
        for (const key of keysOf(step) ?? []) keys.set(map, (keys.get(map) ?? new Set()).add(key))
      }
    }
  }
  return keys
}

function withNamedKeys(
  union: AvroType,
  value: Value,
  path: Path,
  keys: ReadonlyMap<string, ReadonlySet<string>>,
): Value {
  const { type } = withoutNull(union)
  if (type.kind === 'record' && isPart(value, 'record')) {
    const fields = type.fields.map(
      ({ name, type: field }) =>
        [name, withNamedKeys(field, value.fields.get(name) ?? null, [...path, name], keys)] as const,
    )
    return { is: 'record', fields: new Map(fields) }
  }
  if (type.kind === 'array' && Array.isArray(value)) {
    return value.map((item) => withNamedKeys(type.items, item, [...path, '[]'], keys))
  }
  if (type.kind === 'map' && isPart(value, 'map')) {
    const [one = null] = value.entries.values()
    const names = [...(keys.get(pathText(path)) ?? ['key'])]
    return {
      is: 'map',
      entries: new Map(names.map((key) => [key, withNamedKeys(type.values, one, [...path, '{}'], keys)])),
    }
  }
  if (type.kind === 'union' && isPart(value, 'union')) {
    const branch = type.branches[value.branch]
    if (branch === undefined) return value
    const step = 'name' in branch ? `<${branch.name}>` : `<${branch.kind}>`
    return { ...value, value: withNamedKeys(branch, value.value, [...path, step], keys) }
  }
  return value
}
