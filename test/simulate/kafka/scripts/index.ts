import { groupScripts } from './groups.ts'
import { logScripts } from './logs.ts'
import type { Script } from './script.ts'
import { transactionScripts } from './transactions.ts'

export const scripts: readonly Script[] = [...transactionScripts, ...groupScripts, ...logScripts]
