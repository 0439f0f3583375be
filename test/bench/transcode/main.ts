/**
 * `npm run bench:transcode`: what the transcoder costs an event of W1, beside avsc's decode alone and the reference, in
 * one run. `--rounds N`, `--flat N` events for the look at memory; with `--json` standard output has the result alone.
 * Every event has its person's grant, which is the most work. The events are one chunk of 8,000, again and again; where
 * pseudonyms are remembered they are the chunks of 100,000, so that values come again no more often than in W1.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BranchLeaf, loadContracts, type Output } from '@weir/contracts'
import { type BranchPart, compileTranscoder } from '@weir/transcoder'
import { rounded } from '../median.ts'
import { type Frame, w1Frame } from '../w1/frame.ts'
import { allocatedBytes, bytesInUse, cpuUsOf, type Pass } from './measure.ts'
import { CHUNK, decoding, locating, reading, referencing, rewriting, rewritingOnwards } from './passes.ts'
import { GrantPseudonyms, grantsOf } from './subjects.ts'

const LONG = 100_000
const REFERENCE_ROUNDS = 3

const { values: asked } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    flat: { type: 'string', default: '10000000' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(asked.rounds)

const [stream] = loadContracts(join(import.meta.dirname, '../w1/contract')).streams
if (stream === undefined) throw new Error('the contract of W1 has one stream')
const long = w1Frame(stream.rawSchema, LONG, 42, Date.now())
const chunk: Frame = { ...long, count: CHUNK }
const grants = grantsOf(long, stream)

const plain = stream.outputs.map((output) => part(output, ({ verb }) => verb.kind !== 'pseudonymize'))
const full = stream.outputs.map((output) => part(output, () => true))
const people = (parts: readonly BranchPart[], remembers: boolean) =>
  new GrantPseudonyms(stream, compileTranscoder(stream.rawSchema, parts).fields, remembers)
const one = full.slice(0, 1)
const remembering = people(one, true)

const us = cpuUsOf(
  {
    locate: locating(stream, chunk),
    one: rewriting(stream, plain.slice(0, 1), chunk, grants, null),
    three: rewriting(stream, plain, chunk, grants, null),
    read: reading(stream, plain.slice(0, 1), chunk),
    avscDecode: decoding(stream, chunk),
    oneCold: rewriting(stream, one, chunk, grants, people(one, false)),
    oneRemembered: rewritingOnwards(stream, one, long, grants, remembering),
    threeCold: rewriting(stream, full, chunk, grants, people(full, false)),
  },
  rounds,
)
const reference = cpuUsOf(
  {
    plain: referencing(stream, plain.slice(0, 1), chunk),
    full: referencing(stream, one, chunk),
  },
  REFERENCE_ROUNDS,
)
const whole = both(locating(stream, chunk), rewriting(stream, one, chunk, grants, people(one, false)))

const result = {
  locateUs: rounded(us.locate, 3),
  rewriteUs: {
    one: rounded(us.one, 3),
    three: rounded(us.three, 3),
    oneWithPseudonyms: {
      cold: rounded(us.oneCold, 3),
      remembered: rounded(us.oneRemembered, 3),
      rememberedShare: rounded(remembering.remembered),
    },
    threeWithPseudonyms: rounded(us.threeCold, 3),
  },
  readUs: rounded(us.read, 3),
  avscDecodeUs: rounded(us.avscDecode, 3),
  referenceUs: { one: rounded(reference.plain, 1), oneWithPseudonyms: rounded(reference.full, 1) },
  allocatedBytesPerEvent: rounded(allocatedBytes(whole), 1),
  flat: flatness(whole, Number(asked.flat)),
  ratios: {
    locateAndOneToAvscDecode: rounded((us.locate + us.one) / us.avscDecode, 3),
    referenceToOneWithPseudonyms: {
      cold: rounded(reference.full / us.oneCold, 1),
      remembered: rounded(reference.full / us.oneRemembered, 1),
    },
  },
}
process.stdout.write(`${JSON.stringify(result, null, asked.json ? 0 : 2)}\n`)

/** One purpose's granted branch, with those of its lines that `keeps` says. */
function part(output: Output, keeps: (leaf: BranchLeaf) => boolean): BranchPart {
  const granted = output.policies[0]?.granted
  if (granted === undefined) throw new Error('each purpose of W1 has a policy')
  return { cleanSchema: output.cleanSchema, branch: { ...granted, leaves: granted.leaves.filter(keeps) } }
}

function both(first: Pass, second: Pass): Pass {
  return {
    events: first.events,
    run() {
      first.run()
      second.run()
    },
  }
}

/** What is in use after a tenth of the events and after all: equal, or something grows with them. */
function flatness(pass: Pass, total: number): { events: number; afterTenthMb: number; afterAllMb: number } {
  let done = 0
  let afterTenth = 0
  while (done < total) {
    pass.run()
    done += pass.events
    if (afterTenth === 0 && done >= total / 10) afterTenth = bytesInUse()
  }
  return { events: done, afterTenthMb: rounded(afterTenth / 1e6), afterAllMb: rounded(bytesInUse() / 1e6) }
}
