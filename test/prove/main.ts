/**
 * `npm run prove`: a million generated cases of what the transcoder and pseudonyms claim, and leaks planted in the code
 * one by one, each of which a test must catch. `--cases N`, `--seed N`, `--only cases|mutants`, `--mutant TEXT` those
 * whose name has it; with `--json` standard output has the result alone. Exit 0 when all holds, else 20.
 */
import { parseArgs } from 'node:util'
import { MUTANTS } from './mutants/mutants.ts'
import { proveMutants } from './mutants/prove-mutants.ts'
import { proveCases } from './prove-cases.ts'

const EXIT_VIOLATION = 20

const { values: asked } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1000' },
    only: { type: 'string' },
    mutant: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
const say = (line: string) => process.stderr.write(`${line}\n`)

const proved = asked.only === 'mutants' ? null : await proveCases(Number(asked.cases), Number(asked.seed), say)
const mutants =
  asked.only === 'cases'
    ? null
    : await proveMutants(
        MUTANTS.filter(({ name }) => name.includes(asked.mutant)),
        say,
      )

const result = { ...proved, ...(mutants === null ? {} : { mutants }) }
process.stdout.write(`${JSON.stringify(result, null, asked.json ? 0 : 2)}\n`)
const holds =
  (proved?.failed ?? 0) === 0 &&
  (mutants === null || (mutants.caught === mutants.seeded && mutants.survived === mutants.unchanged))
if (!holds) process.exitCode = EXIT_VIOLATION
