import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addQuarantineActs } from './quarantine-acts.ts'
import { addQuarantineExpire } from './quarantine-expire.ts'
import { addQuarantineList } from './quarantine-list.ts'
import { addQuarantineRedrive } from './quarantine-redrive.ts'
import { addQuarantineShow } from './quarantine-show.ts'

export function addQuarantine(parent: Command, cli: Cli): void {
  const quarantine = parent.command('quarantine').description('records that could not be processed')
  addQuarantineList(quarantine, cli)
  addQuarantineShow(quarantine, cli)
  addQuarantineRedrive(quarantine, cli)
  addQuarantineExpire(quarantine, cli)
  addQuarantineActs(quarantine, cli)
}
