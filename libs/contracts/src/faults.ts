import type { ContractFault, ContractFaultCode } from './error.ts'

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
      add: (line, code, what, mend) => {
        this.#list.push({ file, line, code, what, mend })
      },
    }
  }

  /** In order of file and line. */
  sorted(): ContractFault[] {
    return this.#list.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
  }
}

export interface FileFaults {
  readonly file: string
  /** `what` and `mend` are sentences without their final full stop. */
  add(line: number, code: ContractFaultCode, what: string, mend: string): void
}
