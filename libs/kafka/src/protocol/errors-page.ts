import { type ErrorClass, type ErrorRow, errorTable } from './error-table.ts'

/** What each class means to who reads the page, in the order of the page. */
const classes: readonly (readonly [ErrorClass, string])[] = [
  ['none', 'no error'],
  ['retry', 'The client sends the same request again after a pause, within its limit. You see nothing of it.'],
  [
    'refresh',
    'The client asks anew who leads the partition, or who coordinates the group or the transactional id, and sends the request again. You see nothing of it.',
  ],
  [
    'abort',
    'The client aborts the transaction. You get a `TransactionError` with outcome `aborted`; the same producer begins the next one.',
  ],
  [
    'recover',
    'Whether the write was carried out is not known. A transaction ends with outcome `unknown`: `init`, then read the committed offsets, then go on from there. An append rejects, and the next one has a new epoch or producer id. A member’s commit rejects: it may be made again.',
  ],
  [
    'fenced',
    'Somebody else has our place. A transaction ends with outcome `fenced`; a member tells `onLost` and joins anew, and its `commit` rejects with `NotAMember`.',
  ],
  [
    'caller',
    'You get an error that is not `retriable`: a `BrokerError`, or one more telling that has it as its `cause`. Change what is asked for, a setting or a right. A transaction is aborted first.',
  ],
  [
    'fatal',
    'You get a `BrokerError` that is not `retriable`, alone or as a `cause`, and nothing goes on by itself: a bug, a broker that is too old, or one that fails. A transaction is aborted first.',
  ],
]

/** docs/reference/kafka-errors.md as Markdown. */
export function errorsPage(): string {
  return [
    '# Kafka’s error codes, and what the client does',
    '',
    '<!-- Generated from libs/kafka/src/protocol/error-table.ts by `npm run generate -w @weir/kafka`. Change it there. -->',
    '',
    'Every error code of Apache Kafka 4.1 falls in exactly one class for each request. The code that decides reads the same table. `BrokerError` carries the code (`numericCode`, `codeName`) and its class (`errorClass`).',
    '',
    'A code that is not in the table, of a broker newer than this, is `fatal` for requests that read, and `recover` for those that write: `Produce`, `TxnOffsetCommit`, `OffsetCommit`, `EndTxn`.',
    '',
    '| class | what the client does, and what you see |',
    '|---|---|',
    ...classes.map(([name, words]) => `| \`${name}\` | ${words} |`),
    '',
    '`Append` below is a Produce outside a transaction.',
    '',
    '## Codes that this client can meet',
    '',
    ...table(errorTable.filter((row) => !row.unused)),
    '',
    '## Codes of parts of Kafka that this client does not use',
    '',
    'All of them are `fatal`: they would be a surprise.',
    '',
    '| code | name | why |',
    '|---|---|---|',
    ...errorTable.filter((row) => row.unused).map((row) => `| ${row.code} | \`${row.name}\` | ${row.why} |`),
    '',
  ].join('\n')
}

function table(rows: readonly ErrorRow[]): string[] {
  return ['| code | name | class | why |', '|---|---|---|---|', ...rows.flatMap(lines)]
}

function lines({ code, name, class: of, why, except = {} }: ErrorRow): string[] {
  return [
    `| ${code} | \`${name}\` | \`${of}\` | ${why} |`,
    ...exceptions(except).map(({ requests, to, reason }) => `| | on ${requests.join(', ')} | \`${to}\` | ${reason} |`),
  ]
}

/** Requests that take a code otherwise, those with the same reason in one line. */
function exceptions(except: NonNullable<ErrorRow['except']>) {
  const found: { requests: string[]; to: ErrorClass; reason: string }[] = []
  for (const [request, [to, reason]] of Object.entries(except)) {
    const same = found.find((f) => f.to === to && f.reason === reason)
    if (same === undefined) found.push({ requests: [request], to, reason })
    else same.requests.push(request)
  }
  return found
}
