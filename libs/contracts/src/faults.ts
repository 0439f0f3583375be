import type { ContractFault, ContractFaultCode } from './error.ts'
import type { Spot } from './located.ts'

/** Collects faults, so that one run names all of them instead of the first. */
export class Faults {
  readonly #list: ContractFault[] = []

  get count(): number {
    return this.#list.length
  }

  /** The same collector, bound to one file. */
  in(file: string): FileFaults {
    return {
      file,
      add: ({ line, column }, code, what, mend) => {
        this.#list.push({ file, line, column, code, what, mend })
      },
    }
  }

  /** In order of file, line and column. */
  sorted(): ContractFault[] {
    return this.#list.toSorted((a, b) => {
      if (a.file !== b.file) return a.file < b.file ? -1 : 1
      return a.line - b.line || a.column - b.column
    })
  }
}

export interface FileFaults {
  readonly file: string
  /** `what` and `mend` are sentences without their final full stop. */
  add(at: Spot, code: ContractFaultCode, what: string, mend: string): void
}
