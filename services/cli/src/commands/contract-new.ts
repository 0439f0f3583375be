import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Contracts, loadContracts, nearest, type Purpose, readFolder } from '@weir/contracts'
import { type Command, Option } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson, shown } from '../cli.ts'
import { draftCases } from '../draft/draft-cases.ts'
import { draftPolicy } from '../draft/draft-policy.ts'
import { type DraftedSchema, draftSchema, schemaText } from '../draft/draft-schema.ts'
import { raiseNotice } from '../draft/raise-notice.ts'
import { isJsonObject } from '../draft/schema-fields.ts'
import { CliError, refusal, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { tableText } from '../table.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly schema: string
  readonly purpose?: string
  readonly subject?: string
  readonly eventTime?: string
  readonly device?: string
  readonly execute?: true
}

interface PlannedFile {
  /** Path inside the contract folder. */
  readonly file: string
  readonly text: string
  readonly does: string
}

const PURPOSES_FILE = 'purposes.yaml'

const HELP = `
Tags and docs that the schema does not have are guessed from names and types, and marked "drafted" and "DRAFT": lint asks
for them until someone has looked. The policy is a draft that keeps nothing personal. A new stream shows more of people
than they were told, so it comes with the purpose's next notice.
Exit: 0 done or planned, 2 usage, 3 the schema can't be used, 5 the stream exists already.`

export function addContractNew(parent: Command, cli: Cli): void {
  parent
    .command('new <stream>')
    .description('a stream from an Avro schema, with drafted tags and a draft policy')
    .addOption(new Option('--schema <file>', 'Avro schema (.avsc) of what producers send').makeOptionMandatory())
    .option('-p, --purpose <name>', 'the purpose that the draft policy is for (default: the first)')
    .option('--subject <path>', "the field with the person's id, if its name does not say so")
    .option('--event-time <path>', 'the field with the time of the event, likewise')
    .option('--device <path>', "the field with the device's id, likewise")
    .addOption(contractsOption())
    .addOption(executeOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((stream: string, options: Options) => create(cli, stream, options))
}

function create(cli: Cli, stream: string, options: Options): void {
  // It becomes a folder: what else a name may not have, the loader says.
  if (/[/\\]/.test(stream)) {
    throw usageError(`"${stream}" is a path. Write the name of the stream alone; --contracts says where it goes.`)
  }
  const folder = contractsFolder(cli, options)
  const texts = readFolder(folder)
  const before = loadContracts(texts)
  if ([...texts.keys()].some((file) => file.startsWith(`${stream}/`))) {
    throw refusal(`${shown(join(folder, stream))} exists already, and nothing is overwritten. Choose another name.`)
  }
  const purpose = purposeOf(before, options.purpose)
  const schema = drafted(options)
  const files = plan(texts, schema, stream, purpose)

  if (options.json !== true) cli.out(fieldsText(schema))
  for (const { file, text, does } of files) {
    if (options.json === true) outJson(cli, { kind: 'file', file, does, written: options.execute === true, text })
    else cli.out(`${does} ${file}\n`)
  }
  if (options.execute !== true) {
    return cli.say('This was the plan; nothing was written. Add --execute to do it.')
  }
  for (const { file, text } of files) write(join(folder, file), text, file === PURPOSES_FILE)
  cli.say(`Next: correct what is drafted (weir policy lint), then weir contract apply.`)
}

function purposeOf({ purposes }: Contracts, name: string | undefined): Purpose {
  const found = name === undefined ? purposes[0] : purposes.find((one) => one.name === name)
  if (found !== undefined) return found
  const names = purposes.map((one) => one.name)
  const like = nearest(name ?? '', names)
  throw usageError(
    `There is no purpose "${name ?? ''}". ${like === null ? `Purposes are: ${names.join(', ')}.` : `Did you mean ${like}?`}`,
  )
}

function drafted({ schema: file, subject, eventTime, device }: Options): DraftedSchema {
  const schema = draftSchema(readSchema(file), {
    subject: subject ?? null,
    eventTime: eventTime ?? null,
    device: device ?? null,
  })
  const known = schema.fields.map(({ field }) => field.path)
  for (const path of [subject, eventTime, device]) {
    if (path !== undefined && !known.includes(path)) throw usageError(`${basename(file)} has no field ${path}.`)
  }
  if (schema.steering.subject === null) {
    throw usageError("No text field that is never null looks like the person's id. Name it with --subject.")
  }
  if (schema.steering.eventTime === null) {
    throw usageError(
      'No field looks like the time of the event (a long with logicalType timestamp-millis, never null).',
    )
  }
  return schema
}

function readSchema(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw usageError(`${file} can't be read (${code}).`)
  }
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch {
    throw unusable(`${file} is not valid JSON, so it is no Avro schema.`)
  }
  if (isJsonObject(schema) && schema['type'] === 'record') return schema
  throw unusable(`${file} is no Avro record, and events are records. Begin with {"type": "record", "name": …}.`)
}

function unusable(message: string): CliError {
  return new CliError('WEIR_CLI_INPUT', ExitCode.contractInvalid, message)
}

/** Every file that is to be written. Throws ContractError when the contract would not load with them. */
function plan(
  texts: ReadonlyMap<string, string>,
  schema: DraftedSchema,
  stream: string,
  purpose: Purpose,
): PlannedFile[] {
  const notice = purpose.notice + 1
  const purposes = raiseNotice(texts.get(PURPOSES_FILE) ?? '', purpose.name, notice)
  if (purposes === null) throw new Error(`${PURPOSES_FILE} loads and has no notice for ${purpose.name}`)
  const event = { file: `${stream}/event.avsc`, text: `${schemaText(schema.json)}\n`, does: 'create' }
  const policy = {
    file: `${stream}/${purpose.name}.${notice}.yaml`,
    text: draftPolicy(schema, { stream, purpose: purpose.name, notice }),
    does: 'create',
  }
  const raised = {
    file: PURPOSES_FILE,
    text: purposes,
    does: `raise notice of ${purpose.name} from ${purpose.notice} to ${notice} in`,
  }
  const after = new Map([...texts, ...[event, policy, raised].map(({ file, text }) => [file, text] as const)])
  const contracts = loadContracts(after)
  const made = contracts.streams.find((one) => one.name === stream)
  const output = made?.outputs.find((one) => one.purpose.name === purpose.name)
  if (made === undefined || output === undefined) throw new Error('the contract loads and lost the new stream')
  const cases = { file: `${stream}/cases.yaml`, text: draftCases(contracts, made, output), does: 'create' }
  return [event, policy, cases, raised]
}

function fieldsText({ fields }: DraftedSchema): string {
  const rows = fields.map(({ field, tags, isDraft }) => [
    field.path,
    field.logicalType ?? field.type,
    tags.join(', '),
    isDraft ? 'drafted' : '',
  ])
  return `${tableText([['field', 'type', 'tags', ''], ...rows])}\n`
}

function write(path: string, text: string, overwrite: boolean): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, overwrite ? {} : { flag: 'wx' })
}
