import { ContractError } from '@weir/contracts'
import { PlanError } from '@weir/replay'
import { ConfigError } from '@weir/service'
import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import type { Cli } from './cli.ts'
import { addAudit } from './commands/audit.ts'
import { addContractApply } from './commands/contract-apply.ts'
import { addContractNew } from './commands/contract-new.ts'
import { addContractShow } from './commands/contract-show.ts'
import { addContractTypes } from './commands/contract-types.ts'
import { addDoctor } from './commands/doctor.ts'
import { addPolicyDiff } from './commands/policy-diff.ts'
import { addPolicyLint } from './commands/policy-lint.ts'
import { addPolicyTest } from './commands/policy-test.ts'
import { addPolicyTry } from './commands/policy-try.ts'
import { addQuarantine } from './commands/quarantine.ts'
import { addReplayCancel } from './commands/replay-cancel.ts'
import { addReplayPlan } from './commands/replay-plan.ts'
import { addReplayRun } from './commands/replay-run.ts'
import { addReplayStatus } from './commands/replay-status.ts'
import { addReplaySwitch } from './commands/replay-switch.ts'
import { CliError } from './errors.ts'
import { ExitCode } from './exit-codes.ts'
import { listenForInterrupts } from './interrupt.ts'

/** The `weir` command. What a command gives goes to stdout, everything else to stderr. */
const EXIT_CODES = `
Exit codes: 0 ok, 1 some failed, 2 usage, 3 contract invalid, 4 something unreachable, 5 refused for safety,
10 unhealthy, 20 difference or violation found, 130 interrupted.`

const cli: Cli = {
  env: process.env,
  out: (text) => process.stdout.write(text),
  say: (text) => process.stderr.write(`${text}\n`),
  end: (code) => {
    process.exitCode = code
  },
}

// `weir … | head` closes our stdout: that is no fault.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit()
  throw error
})
listenForInterrupts()

try {
  await program().parseAsync()
} catch (error) {
  const code = exitCodeOf(error)
  // A bug: with its stack.
  if (code === null) throw error
  process.exitCode = code
  // Commander has said its own already.
  if (!(error instanceof CommanderError)) cli.say(error instanceof Error ? error.message : String(error))
}

function program(): Command {
  const weir = new Command('weir')
    .description('Weir: contracts and policies, and whether the settings it stands on keep its promises.')
    .version(manifest.version, '--version')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .showHelpAfterError('(--help says more)')
  const policy = weir.command('policy').description('what may pass, for whom: check it before it ships')
  addPolicyLint(policy, cli)
  addPolicyTest(policy, cli)
  addPolicyTry(policy, cli)
  addPolicyDiff(policy, cli)
  const contract = weir.command('contract').description('streams and their topics')
  addContractNew(contract, cli)
  addContractShow(contract, cli)
  addContractApply(contract, cli)
  addContractTypes(contract, cli)
  addAudit(weir, cli)
  addQuarantine(weir, cli)
  addDoctor(weir, cli)
  const replay = weir.command('replay').description('decide past events anew, with today’s consent and policies')
  addReplayPlan(replay, cli)
  addReplayRun(replay, cli)
  addReplayStatus(replay, cli)
  addReplayCancel(replay, cli)
  addReplaySwitch(replay, cli)
  return weir
}

function exitCodeOf(error: unknown): ExitCode | null {
  if (error instanceof CliError) return error.exitCode
  if (error instanceof PlanError) return error.code === 'WEIR_PLAN_UNREADABLE' ? ExitCode.usage : ExitCode.refused
  if (error instanceof ConfigError) return ExitCode.usage
  if (error instanceof ContractError) return ExitCode.contractInvalid
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
  return null
}
