import { InvalidArgumentError, Option } from 'commander'
import { pointInTime } from '../replay/times.ts'

/** Options that several of the quarantine commands have. A new one each time: commander keeps state in them. */
export const streamOption = () => new Option('-s, --stream <name>', 'the stream (default: the only one)')

export const sinceOption = () =>
  new Option('--since <time>', 'only since then: 2026-01-15T10:20:00Z, or 90m, 2h, 3d ago').argParser(pointInTime)

export const roleOption = () => new Option('--role <role>', 'in which role you do it; recorded')

export const reasonOption = () => new Option('--reason <text>', 'why you do it; recorded')

export function count(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a whole number, at least 1.')
}
