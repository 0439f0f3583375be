// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the code that is replaced has templates
import { type Mutant, mutantsOf } from './mutant.ts'

const src = 'libs/pseudonym/src'
const purposeKeys = mutantsOf(`${src}/purpose-keys.ts`, [`${src}/grant-key.test.ts`])
const grantKey = mutantsOf(`${src}/grant-key.ts`, [`${src}/grant-key.test.ts`])
const fieldDomain = mutantsOf(`${src}/field-domain.ts`, [`${src}/grant-key.test.ts`])
const text = mutantsOf(`${src}/pseudonym-text.ts`, [`${src}/grant-key.test.ts`])
const memory = mutantsOf(`${src}/pseudonym-memory.ts`, [`${src}/pseudonym-memory.test.ts`])
const grantKeys = mutantsOf(`${src}/grant-keys.ts`, [`${src}/grant-keys.test.ts`])
const hmac = mutantsOf(`${src}/hmac.ts`, [`${src}/hmac.test.ts`])
const keyRing = mutantsOf(`${src}/key-ring.ts`, [`${src}/key-ring.test.ts`])
const reference = mutantsOf(`${src}/reference.ts`, [`${src}/reference.test.ts`])
const seal = mutantsOf(`${src}/seal.ts`, [`${src}/seal.test.ts`])
const padding = mutantsOf(`${src}/padding.ts`, [`${src}/seal.test.ts`])

/** What a person is called: keys, domains, and what is remembered of them. */
export const PSEUDONYM: readonly Mutant[] = [
  purposeKeys.leak('the salt of the grant is forgotten', "salt.write(saltHex, 'hex')", 'salt.fill(0)'),
  purposeKeys.leak('half of the salt is forgotten', "salt.write(saltHex, 'hex')", "salt.write(saltHex, 0, 8, 'hex')"),
  purposeKeys.leak(
    'a purpose and those below it have one key',
    'const key = purposeKey(purpose, epoch)',
    "const key = purposeKey(purpose.split('.')[0] ?? '', epoch)",
  ),
  purposeKeys.leak(
    'the epoch of the grant is ignored',
    'const key = purposeKey(purpose, epoch)',
    'const key = purposeKey(purpose, ring.current)',
  ),
  grantKey.leak(
    'the domain is forgotten',
    'this.#key.digest(domain.prefix, value, start, end)',
    'this.#key.digest(domain.prefix.subarray(0, 0), value, start, end)',
  ),
  grantKey.leak(
    'people whose refs begin alike have one pseudonym',
    'this.writePseudonym(subjectDomain, ref, refAt, refAt + REF_BYTES, out, at)',
    'this.writePseudonym(subjectDomain, ref, refAt, refAt + REF_BYTES / 2, out, at)',
  ),
  fieldDomain.leak(
    'the domain has no end: it may be read on into the value',
    'this.prefix = Buffer.from(`${name}\\0`)',
    'this.prefix = Buffer.from(name)',
  ),
  fieldDomain.leak('fields of different streams join', 'new FieldDomain(`${stream}/${path}`)', 'new FieldDomain(path)'),
  fieldDomain.leak(
    'the domain is cut at the first point of the path',
    'new FieldDomain(`${stream}/${path}`)',
    "new FieldDomain(`${stream}/${path.split('.')[0]}`)",
  ),
  text.leak('a pseudonym shows one word of its digest four times', 'digest[digestAt + i]', 'digest[digestAt]'),
  memory.leak(
    'what is remembered is not kept apart by grant',
    '    for (let i = 0; i < SHOWN_WORDS; i++) if (slots[slot + i] !== key.mark(i)) return false\n',
    '',
  ),
  memory.leak(
    'the end of a value is not compared with what is remembered',
    'for (let i = 0; i < words; i++) if (slots',
    'for (let i = 0; i < words - 1; i++) if (slots',
  ),
  memory.leak(
    'the length of a value is not compared with what is remembered',
    'if (slots[slot + LENGTH_AT] !== length + 1) return false',
    'if (slots[slot + LENGTH_AT] === 0) return false',
  ),
  grantKeys.leak('two people of one salt have one pseudonym', ' && sameRef(known.ref, ref, refAt)', ''),
  grantKeys.leak(
    'a grant of a new epoch keeps the key of the old one',
    'known.key.epoch === epoch && sameRef',
    'known.key.epoch <= epoch && sameRef',
  ),
  hmac.leak('the outer hash has the inner key', 'padInto(short, 0x5c)', 'padInto(short, 0x36)'),
  hmac.leak('the end of a long key is forgotten', 'key.length <= BLOCK_BYTES ? key : sha256(key)', 'key'),
  keyRing.leak(
    'a retired epoch falls back to the current key',
    'const key = this.#keys.get(epoch)',
    'const key = this.#keys.get(epoch) ?? this.#keys.get(this.current)',
  ),
  reference.leak(
    'a device has the ref of the user of the same id',
    "Buffer.from('device\\0')",
    "Buffer.from('user\\0')",
  ),
  seal.leak(
    'sealed records of all topics have one key',
    'const info = `weir/sealed/${topic}/${epoch}`',
    'const info = `weir/sealed/${topic.length}/${epoch}`',
  ),
  padding.leak('a sealed record tells its size', 'size *= 2', 'size += 1'),
  memory.unchanged(
    'the slot of a value does not hang on the key',
    'words, key.mark(0)) & this.#mask',
    'words, 0) & this.#mask',
  ),
]
