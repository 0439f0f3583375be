import { defineConfig } from 'vitest/config'

/** Of a workshop: the unit tests, and what they need to give the same each time. */
export default defineConfig({
  test: {
    include: ['{libs,services}/**/*.test.ts', 'test/prove/*.test.ts'],
    setupFiles: ['test/prove/mutants/fixed-seed.ts'],
    reporters: ['./test/prove/mutants/reporter.ts'],
    isolate: false,
    // One file after the other, since the other core has a workshop of its own; in a thread, which ends with it.
    pool: 'threads',
    fileParallelism: false,
    testTimeout: 60_000,
  },
})
