import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** Starts one stack (Kafka, Redis, registry) for the whole project and provides its addresses. */
const STACK_SETUP = 'test/support/stack-setup.ts'

/** Four projects, in this order, never two at once: the machine is small, and faults must not hit another's stack. */
export default defineConfig({
  test: {
    projects: [
      {
        // Beside the code, and helpers of the tests themselves: no stack, seconds.
        test: {
          name: 'unit',
          include: [
            '{libs,services,infra}/**/*.test.ts',
            'test/{support,workload,check,attack,audit,policies,copy,prove,chaos,load}/**/*.test.ts',
            'test/simulate/*/**/*.test.ts',
          ],
          isolate: false,
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // The real code over modelled parts, in virtual time: its schedules run in workers of its own.
        test: {
          name: 'simulate',
          include: ['test/simulate/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The real parts, shared: each file has a namespace of its own and deletes nothing of others.
        test: {
          name: 'stack',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: existsSync(STACK_SETUP) ? [STACK_SETUP] : [],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Parts are killed and taken away: each file brings a stack of its own.
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
