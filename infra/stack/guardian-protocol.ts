/** What the starter asks of the guardian, one JSON object a line. */
export type GuardianRequest =
  | {
      readonly do: 'spawn'
      readonly id: number
      readonly name: string
      readonly command: string
      readonly args: readonly string[]
      readonly cwd: string
      readonly env: NodeJS.ProcessEnv
      readonly log: string
    }
  | { readonly do: 'signal'; readonly id: number; readonly name: string; readonly signal: NodeJS.Signals }
  /** From now on the guardian removes this folder too when it ends. */
  | { readonly do: 'own'; readonly id: number; readonly folder: string }

/** What the guardian tells the starter, one JSON object a line. */
export type GuardianAnswer =
  | { readonly kind: 'ready'; readonly folder: string }
  | { readonly kind: 'done'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string }
  | {
      readonly kind: 'exit'
      readonly name: string
      readonly pid: number
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
    }
  | { readonly kind: 'broken'; readonly why: string }
