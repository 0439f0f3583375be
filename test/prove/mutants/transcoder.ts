// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the code that is replaced has templates
import { type Mutant, mutantsOf } from './mutant.ts'

const src = 'libs/transcoder/src'
const reading = ['compile-reader', 'canonical', 'wrong-bytes'].map((name) => `${src}/read/${name}.test.ts`)
const writing = [
  ...['beside', 'construct', 'plan', 'routine', 'views', 'differential.property'].map(
    (name) => `${src}/write/${name}.test.ts`,
  ),
  `${src}/transcoder.test.ts`,
]
const walk = mutantsOf(`${src}/read/walk.ts`, reading)
const walkText = mutantsOf(`${src}/read/walk-text.ts`, [...reading, `${src}/read/marked.test.ts`])
const utf8 = mutantsOf(`${src}/read/utf8.ts`, [`${src}/read/utf8.test.ts`])
const reader = mutantsOf(`${src}/read/compile-reader.ts`, reading)
const canonical = mutantsOf(`${src}/read/canonical.ts`, reading)
const marks = mutantsOf(`${src}/read/marks.ts`, [...writing, `${src}/read/marked.test.ts`])
const locator = mutantsOf(`${src}/read/locator.ts`, [`${src}/read/locator.test.ts`])
const transcoder = mutantsOf(`${src}/transcoder.ts`, writing)
const present = mutantsOf(`${src}/schema/present.ts`, [`${src}/schema/present.test.ts`])
const spot = mutantsOf(`${src}/write/spot.ts`, writing)
const plan = mutantsOf(`${src}/write/plan.ts`, writing)
const planPlace = mutantsOf(`${src}/write/plan-place.ts`, writing)
const planProbe = mutantsOf(`${src}/write/plan-probe.ts`, writing)
const branch = mutantsOf(`${src}/write/compile-branch.ts`, writing)
const routines = mutantsOf(`${src}/write/compile-routines.ts`, writing)
const views = mutantsOf(`${src}/write/views.ts`, writing)
const probeText = mutantsOf(`${src}/write/probe-text.ts`, writing)
const scanText = mutantsOf(`${src}/write/scan-text.ts`, writing)
const writeText = mutantsOf(`${src}/write/write-text.ts`, writing)
const parts = mutantsOf(`${src}/write/routine-parts.ts`, writing)
const copyRange = mutantsOf(`${src}/write/copy-range.ts`, [`${src}/write/copy-range.test.ts`])
const fields = mutantsOf(`${src}/write/field-registry.ts`, writing)
const byteSet = mutantsOf(`${src}/write/byte-set.ts`, [`${src}/write/byte-set.test.ts`, `${src}/write/verb.test.ts`])
const verbs = (file: string) => mutantsOf(`${src}/write/leaf/${file}`, [`${src}/write/verb.test.ts`])
const shared = (file: string, tests: string) => mutantsOf(`${src}/verbs/${file}`, [`${src}/${tests}`])

/** What is read of a record, and what is written of it. */
export const TRANSCODER: readonly Mutant[] = [
  walk.leak('a number of more than 64 bits is accepted', 'at + 8, 1)', 'at + 8, 3)'),
  walk.leak('an int of more than 32 bits is accepted', 'at + 3, 15)', 'at + 3, 31)'),
  walk.leak(
    'a padded number stays as it is',
    'if (i === last && byte > highest) return -1\n      if (byte === 0) this.canonical = false',
    'if (i === last && byte > highest) return -1',
  ),
  walk.leak('a padded length stays as it is', 'if (byte === 0 && i > at) this.canonical = false\n', ''),
  walk.leak('a block with its size stays as it is', '    this.canonical = false\n    const size', '    const size'),
  walk.leak(
    'a value may be longer than its record',
    'return length > end - from ? -1 : from + length',
    'return from + length',
  ),
  walk.leak(
    'text of a negative length is read',
    'passText(bytes: Buffer, view: DataView, at: number, end: number): number {\n    if (at >= end) return -1\n    let length = bytes[at] as number\n    let from = at + 1\n    if (length < 128) {\n      if ((length & 1) === 1) return -1\n',
    'passText(bytes: Buffer, view: DataView, at: number, end: number): number {\n    if (at >= end) return -1\n    let length = bytes[at] as number\n    let from = at + 1\n    if (length < 128) {\n',
  ),
  walkText.leak('long text need not be UTF-8', "'w.passText(b,v,at,e)')", "'w.passBytes(b,at,e)')"),
  walkText.leak('a union index beyond the last branch is accepted', 'default:return -1', 'default:break'),
  walkText.leak(
    'an enum index just beyond the last symbol is accepted',
    'node.symbols.length * 2 - 2}',
    'node.symbols.length * 2}',
  ),
  walkText.leak('a boolean may be more than one', 'b[at]>1)return -1', 'b[at]>3)return -1'),
  walkText.leak('a block need not have the size that it says', 'if(${stop}>=0&&at!==${stop})return -1\n', ''),
  walkText.leak('items are not counted together', 'w.items-=${count}\n', ''),
  walkText.leak(
    'a recursive value may be one level too deep',
    'if(d>${MAX_DEPTH - depth.levels})return -1',
    'if(d>${MAX_DEPTH + 1 - depth.levels})return -1',
  ),
  walkText.leak(
    'what does not stand in this record stands where it stood in the one before',
    'filter((slot) => slot >= 0)',
    'filter((slot) => slot > 0)',
  ),
  utf8.leak('surrogates are UTF-8', '      else if (first === 0xed) high = 0x9f\n', ''),
  utf8.leak('the end of a long text is not looked at', '    seen |= sixteen(view, last)\n', ''),
  utf8.leak('overlong forms are UTF-8', 'if (first < 0xc2) return false', 'if (first < 0xc0) return false'),
  reader.leak(
    'bytes may follow the record',
    'if (at === end) return FaultCode.ok',
    'if (at >= 0 && at <= end) return FaultCode.ok',
  ),
  canonical.leak('a repeated block is copied with the count of the last one', 'total += count', 'total = count'),
  marks.leak(
    'every record has the positions of the first one',
    'this.bases[record] = this.#used',
    'this.bases[record] = 0',
  ),
  marks.leak(
    'words are read from the bytes of the record before',
    'if (last >= 0 && this.sources[last] === source) return',
    'if (last >= 0) return',
  ),
  locator.leak(
    'only the first own signal is looked for',
    'if (signal !== null) signals.push',
    'if (signal !== null && signals.length === 0) signals.push',
  ),
  locator.leak(
    'only the last own signal counts',
    'if (at >= 0 && bytes[at] === 1) out.ownSignal = true',
    'if (at >= 0) out.ownSignal = bytes[at] === 1',
  ),
  locator.leak(
    'an own signal in a form that can not be read is passed over',
    'found === null ? isMentioned(root, path)',
    "found === null ? isMentioned(root, path) && kind === 'string'",
  ),
  transcoder.leak(
    'records are copied in whatever form they came',
    'if (reader.isCanonical) return',
    'if (reader.isCanonical || slots > 0) return',
  ),
  present.leak(
    'of several types of one name the first is taken',
    'return others.length === 0 ? first : undefined',
    'return others.length >= 0 ? first : undefined',
  ),
  present.leak(
    'of a union of several types the first is shown',
    'return other === undefined || others.length > 1 ? null',
    'return other === undefined ? null',
  ),
  spot.leak(
    'a kept field takes its neighbour along',
    'const next = index + 1 < fields ? this.#place.field(index + 1) : null',
    'const next = index + 2 < fields ? this.#place.field(index + 2) : null',
  ),
  plan.leak(
    'what stands between two kept ranges is kept',
    "|| two.kind !== 'copy' || !isSame(one.end, two.start)) return null",
    "|| two.kind !== 'copy') return null",
  ),
  plan.leak(
    'a union whose null comes last is copied as it is',
    'node.branches.length === 2 && index === 1',
    'node.branches.length === 2',
  ),
  planPlace.leak(
    'a container that no line leads into shows that it is there',
    '  if (first === undefined) return NULL_PLACE\n',
    `  if (first === undefined) {
    const [to, here] = [cleanType(task.to), presentAt(task.from.node)]
    if (to.kind !== 'record' || here === null) return NULL_PLACE
    return whereBranch(task.from, here.index, presentPlace(to.fields.flatMap(() => NULL_PLACE)))
  }
`,
  ),
  planPlace.leak('sensitive elements of an array that is copied stay', "    dropped === 'never' &&\n", ''),
  planPlace.leak(
    'of elements that are changed sensitive ones stay',
    "dropped: dropped === 'never' ? null : dropped }",
    "dropped: dropped === 'never' || body.length > 1 ? null : dropped }",
  ),
  planProbe.leak(
    'a list is passed over where the leaf can not be compared',
    "isMentioned(place.node, path) ? null : 'never'",
    "isMentioned(place.node, path) && values.size === 0 ? null : 'never'",
  ),
  planProbe.leak(
    'a map key that leads nowhere hides those behind it',
    'return inner === null ? [] :',
    'return inner === null || step.keys.indexOf(key) > 0 ? [] :',
  ),
  branch.leak(
    'lines of `only` are shown in every event',
    'holds[i] === true ? leaves : []',
    'holds.length > i ? leaves : []',
  ),
  branch.leak(
    'events that a branch does not show pass where sensitive values may',
    'if (!passes(marks, index) ||',
    'if ((!passes(marks, index) && !sensitiveAllowed) ||',
  ),
  branch.leak(
    'only the first of several values makes an event sensitive',
    "compileAsk([dropped], 'any')",
    "compileAsk([dropped], 'first')",
  ),
  routines.leak(
    'a condition on what the writer lacks holds',
    "if (probes.includes('never')) return () => false",
    "if (probes.includes('never')) return () => true",
  ),
  views.leak(
    'an event is shown in the view of another one',
    'for (const one of holds) at = after(at, one)',
    'for (const one of holds) at = after(at, one || this.#count > 0)',
  ),
  probeText.leak(
    'a union that holds a later branch passes for this one',
    'return code`from[${at}] === ${index * 2}`',
    'return code`from[${at}] >= ${index * 2}`',
  ),
  scanText.leak(
    'of a repeated key the first entry counts',
    'if (isText(${wanted}, from, ${key}, ${length})) ${position}',
    'if (${position} < 0 && isText(${wanted}, from, ${key}, ${length})) ${position}',
  ),
  parts.leak(
    'a key that an allowed one begins with is allowed',
    'if (text.length !== length) return false',
    'if (text.length < length) return false',
  ),
  writeText.leak(
    'only the first of several values makes an element sensitive',
    "op.dropped, inner, 'any')",
    "op.dropped, inner, 'first')",
  ),
  writeText.leak(
    'a map copies the entry before the one that was asked for',
    'this.#walk.note(value, inner, cursor)',
    'this.#walk.note(value, inner, found[0] as Code)',
  ),
  copyRange.leak(
    'a copied range ends one byte late',
    'fromView.getInt32(end - 4, true)',
    'fromView.getInt32(end - 3, true)',
  ),
  copyRange.leak(
    'a long range takes a byte of its neighbour along',
    'from.subarray(start, end)',
    'from.subarray(start, end + 1)',
  ),
  fields.leak('leaves of one name have one domain', 'JSON.stringify(path)', 'JSON.stringify(path.at(-1))'),
  byteSet.leak('a list lets every value pass', 'end)] as number) >= 0', 'end)] as number) >= -1'),
  verbs('conversion.ts').leak(
    'a symbol that nobody knows shows as the first one',
    'index >= 0 ? index : to.defaultIndex',
    'index >= 0 ? index : Math.max(to.defaultIndex, 0)',
  ),
  verbs('network.ts').leak('a network has one bit more', '(-1 << (32 - v4))', '(-1 << (31 - v4))'),
  verbs('calendar.ts').leak(
    'a day shows its hour',
    "unit === 'hour' ? HOUR_MS : DAY_MS",
    "unit === 'month' ? DAY_MS : HOUR_MS",
  ),
  verbs('decimals.ts').leak('a number has a digit more', '10 ** digits', '10 ** (digits + 1)'),
  verbs('decimals.ts').leak(
    'the sign of a zero tells of what was cut away',
    'return cut / scale + 0',
    'return cut / scale',
  ),
  verbs('bucket.ts').leak(
    'a value just below a bound reaches it',
    'while (step >= 0 && !(value >=',
    'while (step >= 0 && !(Number(value) + 1 >',
  ),
  verbs('text.ts').leak('the first characters are one more', 'left-- === 0', 'left-- < 0'),
  verbs('route.ts').leak(
    'a route that matches nothing shows the path',
    'return writeEncoded(OTHER_ROUTE, out, at)',
    'return at + from.copy(out, at + 1, start, end) + (out[at] = 2) - 1',
  ),
  verbs('host.ts').leak(
    'the host shows the user before it',
    '!isSmallLetter(byte) && byte !== HYPHEN',
    '!isSmallLetter(byte) && byte !== HYPHEN && byte !== 0x40',
  ),
  shared('url-host.ts', 'verbs/url-host.test.ts').leak(
    'a telephone number shows as a host',
    '|| !SITES.has(url.protocol) ? null',
    '? null',
  ),
  shared('ip-prefix.ts', 'verbs/ip-prefix.test.ts').leak(
    'an IPv6 address shows all of the IPv4 address in it',
    'Math.min(least, carrier.prefixBits + v4)',
    'Math.max(least, carrier.prefixBits + v4)',
  ),
  shared('user-agent-family.ts', 'verbs/user-agent-family.test.ts').leak(
    'a rare system is told beside its browser',
    'browser === OTHER_FAMILY || system === OTHER_FAMILY',
    'browser === OTHER_FAMILY',
  ),
  copyRange.unchanged('shorter ranges are copied by the runtime', 'const LONG_RANGE = 128', 'const LONG_RANGE = 64'),
  utf8.unchanged(
    'continuation bytes are told by their range',
    '((bytes[at++] as number) & 0xc0) !== 0x80',
    '(bytes[at++] as number) >> 6 !== 2',
  ),
]
