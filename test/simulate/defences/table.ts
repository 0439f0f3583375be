import type { Try } from '../run/outcome.ts'
import { trySchedules } from '../run/try-schedules.ts'
import { type Defence, defences } from './index.ts'

/** Seeds of the directed schedule first, then drawn ones, until one finds something. */
const DIRECTED_SEEDS = 12
const DRAWN_SEEDS = 60
/** Of a defence that something else is known to hold. */
const FEW_SEEDS = 12

/** A replacement that only breaks the code ends a process, or the simulator: that finds out nothing. */
const BROKEN_CODE = new Set(['crash', 'stopped'])

/** What it took to find out that a defence was off. */
export interface DefenceRow {
  readonly name: string
  readonly found: boolean
  /** Why nothing need be found (see Defence); null: something must be. */
  readonly heldBy: string | null
  readonly ran: number
  /** Of the first schedule that found something. */
  readonly schedule: string | null
  readonly kinds: readonly string[]
}

/** Each defence switched off in turn, in a thread of its own. */
export async function defencesTable(
  say: (line: string) => void,
  { workers }: { readonly workers: number },
): Promise<readonly DefenceRow[]> {
  const rows: DefenceRow[] = []
  const left = [...defences]
  const one = async () => {
    for (let defence = left.shift(); defence !== undefined; defence = left.shift()) {
      const row = await withoutIt(defence)
      rows.push(row)
      say(lineOf(row))
    }
  }
  await Promise.all(Array.from({ length: workers }, one))
  return defences.flatMap(({ name }) => rows.find((row) => row.name === name) ?? [])
}

async function withoutIt({ name, directed, heldBy }: Defence): Promise<DefenceRow> {
  const drawn = heldBy === undefined ? DRAWN_SEEDS : FEW_SEEDS
  const { ran, violating } = await trySchedules({ without: name, tries: triesOf(directed, drawn), stopAtFirst: true })
  const [first] = violating
  return {
    name,
    found: first?.kinds.some((kind) => !BROKEN_CODE.has(kind)) ?? false,
    heldBy: heldBy ?? null,
    ran,
    schedule: first?.name ?? null,
    kinds: first?.kinds ?? [],
  }
}

function triesOf(directed: Defence['directed'], drawnSeeds: number): Try[] {
  const seeds = (count: number) => Array.from({ length: count }, (_, seed) => ({ seed }))
  const timed = directed === undefined ? [] : seeds(DIRECTED_SEEDS).map((tried) => ({ ...tried, directed }))
  return [...timed, ...seeds(drawnSeeds)]
}

function lineOf({ name, heldBy, ran, schedule, kinds }: DefenceRow): string {
  const what = schedule === null ? `nothing${heldBy === null ? ': NOT FOUND OUT' : ` (${heldBy})`}` : kinds.join(', ')
  return `${name.padEnd(34)} ${`${schedule === null ? 0 : 1}/${ran}`.padStart(5)}  ${schedule ?? ''}  ${what}`
}
