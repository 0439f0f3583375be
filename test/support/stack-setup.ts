import { type Stack, type StackEnv, startStack } from '@weir/infra/stack/index.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the shared stack is. Tests keep apart by WEIR_NAMESPACE and delete nothing that is not theirs. */
    stack: StackEnv
  }
}

let stack: Stack | undefined

/** Vitest's global set-up: one stack for all test files of a project; `inject('stack')` gives its addresses. */
export async function setup(project: TestProject): Promise<void> {
  stack = await startStack()
  project.provide('stack', stack.env)
}

export async function teardown(): Promise<void> {
  await stack?.stop()
}
