import type { LeafType, Takes, VerbKind, VerbWords } from './language-verb.ts'

const TEXT: Takes = { words: 'a string', types: [{ type: 'string', logical: 'any' }] }

const TIMESTAMP: LeafType = {
  type: 'long',
  logical: ['millis', 'micros', 'nanos'].flatMap((unit) => [`timestamp-${unit}`, `local-timestamp-${unit}`]),
}

const TIME: Takes = {
  words: 'a timestamp (a long with logicalType timestamp-millis, -micros or -nanos, local or not)',
  types: [TIMESTAMP],
}

const DAYS: Takes = { words: `${TIME.words} or a date`, types: [TIMESTAMP, { type: 'int', logical: ['date'] }] }

const NUMBER: Takes = {
  words: 'a plain number (int, long, float or double, without a logicalType)',
  types: ['int', 'long', 'float', 'double'].map((type) => ({ type, logical: 'none' })),
}

const ARGUMENT = '[^,()]+'
const REFUSED = 'refused'
const ALLOWED = 'allowed'

const timeEdges: VerbWords['edges'] = [
  ['a time before 1970', 'the beginning of the unit that it lies in: the cut is downwards there too'],
  ['a leap second', 'Unix time has none: what a producer writes for 23:59:60 is cut as the second that it wrote'],
  ['a time so early that its cut does not fit the type', 'null'],
  ['a local timestamp', 'cut by its own clock'],
]

/** In the order in which people should think of them: what shows most comes first in its family. */
export const verbs: readonly VerbWords[] = [
  {
    kind: 'keep',
    form: 'keep',
    example: 'keep',
    pattern: 'keep',
    arguments: 'none',
    takes: { words: 'a leaf', types: null },
    gives: 'the type it has; an enum must have a default symbol',
    shows: 'the value, bit by bit',
    here: null,
    personal: REFUSED,
    edges: [
      ['NaN, infinities, minus zero', 'the same bits'],
      ['a symbol that the clean enum does not have yet', 'its default symbol'],
    ],
  },
  {
    kind: 'pseudonymize',
    form: 'pseudonymize',
    example: 'pseudonymize',
    pattern: 'pseudonymize',
    arguments: 'none',
    takes: {
      words: 'a string, or an int, long, bytes or fixed that is a plain id (without a logicalType, or a uuid)',
      types: [
        { type: 'string', logical: 'any' },
        { type: 'int', logical: 'none' },
        { type: 'long', logical: 'none' },
        { type: 'bytes', logical: 'none' },
        { type: 'fixed', logical: ['uuid'] },
        { type: 'fixed', logical: 'none' },
      ],
    },
    gives: 'string',
    shows: 'a stand-in that is good for this purpose and this grant alone, and dies with it; only in `granted`',
    here: 'a stand-in, good for this purpose and one grant',
    personal: ALLOWED,
    edges: [
      ['an empty text', 'a stand-in, as for any other value'],
      ['the same value in another leaf', 'another stand-in; only that of the subject equals the record key'],
      ['a number', 'that of its decimal text, so an id that a producer turns into text stays itself'],
    ],
  },
  {
    kind: 'hour',
    form: 'hour',
    example: 'hour',
    pattern: 'hour',
    arguments: 'none',
    takes: TIME,
    gives: 'the type it has',
    shows: 'the time, cut to the whole hour (UTC)',
    here: 'cut to the hour (UTC)',
    personal: REFUSED,
    edges: timeEdges,
  },
  {
    kind: 'day',
    form: 'day',
    example: 'day',
    pattern: 'day',
    arguments: 'none',
    takes: DAYS,
    gives: 'the type it has',
    shows: 'the time, cut to the whole day (UTC)',
    here: 'cut to the day (UTC)',
    personal: REFUSED,
    edges: timeEdges,
  },
  {
    kind: 'month',
    form: 'month',
    example: 'month',
    pattern: 'month',
    arguments: 'none',
    takes: DAYS,
    gives: 'the type it has',
    shows: 'the time, cut to the first of its month (UTC)',
    here: 'cut to the month (UTC)',
    personal: REFUSED,
    edges: timeEdges,
  },
  {
    kind: 'prefix',
    form: 'prefix(v4, v6)',
    example: 'prefix(24, 48)',
    pattern: 'prefix\\( *[0-9]+ *, *[0-9]+ *\\)',
    arguments: 'how many bits stay of an IPv4 address (0 to 32) and of an IPv6 address (0 to 128)',
    takes: TEXT,
    gives: 'string',
    shows: 'the network of an IP address, such as `203.0.113.0/24` or `2001:db8::/48`',
    here: 'cut to its network',
    personal: 'at most prefix(24, 48)',
    edges: [
      ['IPv4 mapped into IPv6, `::ffff:203.0.113.9`', 'the IPv4 network'],
      ['IPv6 that carries an IPv4 address (6to4, NAT64)', 'of that address no more than the IPv4 bits'],
      ['a zone, `fe80::1%eth0`', 'dropped'],
      ['leading zeros, ports, brackets, names, lists', 'null'],
    ],
  },
  {
    kind: 'decimals',
    form: 'decimals(n)',
    example: 'decimals(1)',
    pattern: 'decimals\\( *[0-9]+ *\\)',
    arguments: 'how many digits stay after the point (0 to 15)',
    takes: {
      words: 'a float or double',
      types: [
        { type: 'float', logical: 'none' },
        { type: 'double', logical: 'none' },
      ],
    },
    gives: 'double',
    shows: 'the number, rounded toward zero to so many digits after the point',
    here: 'rounded toward zero',
    personal: 'at most decimals(2)',
    edges: [
      ['0.29 with two digits', '0.29: what is cut is the shortest decimal text of the number'],
      ['what rounds to zero, from below too', '0'],
      ['NaN, infinities', 'null'],
    ],
  },
  {
    kind: 'bucket',
    form: 'bucket(n, …)',
    example: 'bucket(0, 1000, 5000)',
    pattern: 'bucket\\( *-?[0-9]+(\\.[0-9]+)? *(, *-?[0-9]+(\\.[0-9]+)? *)*\\)',
    arguments: 'lower bounds, ascending; whole numbers on an int or long',
    takes: NUMBER,
    gives: 'the number type it has',
    shows: 'the greatest of the bounds that the number reaches',
    here: 'the lower bound of its range',
    personal: ALLOWED,
    edges: [
      ['below the first bound, minus infinity', 'null'],
      ['equal to a bound', 'that bound; -0 reaches 0, a float of 0.7 reaches 0.7'],
      ['infinity', 'the last bound'],
      ['NaN', 'null'],
    ],
  },
  {
    kind: 'family',
    form: 'family',
    example: 'family',
    pattern: 'family',
    arguments: 'none',
    takes: TEXT,
    gives: 'string',
    shows: 'of a user agent, browser and system, such as `Firefox on Windows`, from closed lists; never a version',
    here: 'the kind of browser and system',
    personal: ALLOWED,
    edges: [['a browser or system that the lists do not have, robots, any other text', '`(other)`']],
  },
  {
    kind: 'host',
    form: 'host',
    example: 'host',
    pattern: 'host',
    arguments: 'none',
    takes: TEXT,
    gives: 'string',
    shows: 'the host of a URL, without path, port, user name and query',
    here: 'the host alone',
    personal: ALLOWED,
    edges: [
      ['capitals, names in other scripts', 'small letters, in the form that DNS uses (`xn--…`)'],
      ['an IPv6 host', 'in brackets'],
      [
        'a URL of another kind than http, https, ws, wss and ftp (`mailto:`, `tel:`, an app of its own), one without a scheme, a host of more than 255 characters, any other text',
        'null',
      ],
    ],
  },
  {
    kind: 'first',
    form: 'first(n)',
    example: 'first(2)',
    pattern: 'first\\( *[0-9]+ *\\)',
    arguments: 'how many characters stay (1 to 100)',
    takes: TEXT,
    gives: 'string',
    shows: 'the first characters of a text',
    here: 'its first characters',
    personal: 'at most first(3) on PII, refused on identifier',
    edges: [
      ['a shorter text', 'the whole text'],
      ['a character beyond the Basic Multilingual Plane', 'counts as one and is never cut in half'],
      ['a letter with combining marks', 'each mark counts as a character of its own'],
    ],
  },
  {
    kind: 'routes',
    form: 'routes(pattern, …)',
    example: 'routes(/p/:sku, /c/:category)',
    pattern: `routes\\(${ARGUMENT}(,${ARGUMENT})*\\)`,
    arguments: 'patterns of parts between slashes; `:name` stands for exactly one part that is not empty',
    takes: TEXT,
    gives: 'string',
    shows: 'the first pattern that fits, the pattern itself and never the value',
    here: 'the pattern that it fits',
    personal: ALLOWED,
    edges: [
      ['`?` or `#` and what follows', 'not looked at'],
      ['other capitals, a slash more', 'another path: letters are compared one by one'],
      ['what fits no pattern', '`(other)`'],
    ],
  },
  {
    kind: 'in',
    form: 'in(file)',
    example: 'in(lists/queries.txt)',
    pattern: `in\\(${ARGUMENT}\\)`,
    arguments: 'a list below `lists/`, one value a line, named from the contract folder',
    takes: TEXT,
    gives: 'string',
    shows: 'the value, if the list has it',
    here: 'only if a list has it',
    personal: ALLOWED,
    edges: [['what the list does not have, letter for letter', 'null']],
  },
  {
    kind: 'set',
    form: 'set(constant)',
    example: 'set(web)',
    pattern: 'set\\(.+\\)',
    arguments: "a text, number, true or false, or a symbol of the enum, as the leaf's type asks",
    takes: {
      words: 'a string, enum, boolean or number without a logicalType',
      types: ['string', 'enum', 'boolean', 'int', 'long', 'float', 'double'].map((type) => ({ type, logical: 'none' })),
    },
    gives: 'the type it has',
    shows: 'this constant, whenever the leaf is there',
    here: 'a constant, where there is a value',
    personal: ALLOWED,
    edges: [['any value', 'the constant']],
  },
]

export function verbWords(kind: VerbKind): VerbWords {
  const words = verbs.find((verb) => verb.kind === kind)
  if (words === undefined) throw new Error(`no words for the verb ${kind}`)
  return words
}

/** Whether a verb takes leaves of this type. */
export function takes(kind: VerbKind, type: string, logicalType: string | undefined): boolean {
  const { types } = verbWords(kind).takes
  return types === null || types.some((one) => one.type === type && logicalFits(one.logical, logicalType))
}

function logicalFits(logical: LeafType['logical'], has: string | undefined): boolean {
  if (logical === 'any') return true
  return logical === 'none' ? has === undefined : has !== undefined && logical.includes(has)
}
