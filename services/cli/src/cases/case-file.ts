import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { CaseFault } from './case.ts'

/** Keys and indexes from the root of a file. */
export type At = readonly (string | number)[]

/** A YAML (or JSON) file as plain data, and where each part of it stands. Whole numbers are bigints. */
export class CaseFile {
  readonly file: string
  readonly faults: CaseFault[] = []
  readonly content: unknown
  readonly #document: ReturnType<typeof parseDocument>
  readonly #lines = new LineCounter()

  constructor(file: string, text: string) {
    this.file = file
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: false,
      intAsBigInt: true,
    })
    for (const problem of [...this.#document.errors, ...this.#document.warnings]) {
      const { line, col } = this.#lines.linePos(problem.pos[0])
      this.faults.push({
        file,
        line,
        column: col,
        what: `not valid YAML: ${problem.message}`,
        mend: 'Correct the line',
      })
    }
    this.content = this.faults.length > 0 ? null : this.#document.toJS()
  }

  /** `what` and `mend` are sentences without a final full stop. */
  fault(at: At, what: string, mend: string): void {
    this.faults.push({ file: this.file, ...this.spot(at), what, mend })
  }

  /** The place of a part, or of the nearest one around it that can be told. */
  spot(at: At): { line: number; column: number } {
    for (let length = at.length; length >= 0; length--) {
      const start = this.#startOf(at.slice(0, length))
      if (start === undefined) continue
      const { line, col } = this.#lines.linePos(start)
      return { line: Math.max(1, line), column: Math.max(1, col) }
    }
    return { line: 1, column: 1 }
  }

  /** Of a key in a mapping the key's own place, else that of the value. */
  #startOf(at: At): number | undefined {
    const around = this.#document.getIn(at.slice(0, -1), true)
    const pairs = isMap(around) ? around.items : []
    const key = pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === at.at(-1))?.key
    const node = isNode(key) ? key : this.#document.getIn(at, true)
    return isNode(node) ? node.range?.[0] : undefined
  }
}
