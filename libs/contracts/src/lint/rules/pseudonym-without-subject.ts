import { pathText } from '../../path.ts'
import { type LintContext, linesOf } from '../lint-context.ts'

/**
 * A pseudonym is one person's: it comes from their grant and ends with it. Where a file shows pseudonyms and not the
 * subject's own, readers may take them for keys of nobody.
 */
export function pseudonymWithoutSubject(context: LintContext): void {
  for (const stream of context.contracts.streams) {
    const subject = pathText(stream.subject)
    for (const output of stream.outputs) {
      for (const { file } of output.policies) {
        const lines = linesOf(stream, output).filter((line) => line.file === file && line.section === 'granted')
        const pseudonyms = lines.filter((line) => line.leaf.verb.kind === 'pseudonymize')
        const [first] = pseudonyms
        if (first === undefined || lines.some((line) => pathText(line.leaf.path) === subject)) continue
        const spot = context.places.ofLeaf(file, 'granted', pathText(first.leaf.path))
        const what = `${pathText(first.leaf.path)} is pseudonymized and the subject, ${subject}, is not named; each record still has the subject's pseudonym as its key`
        const mend = `Add "${subject}: pseudonymize" if readers should see whose it is; they forget by the key in either case`
        context.report('WEIR_LINT_PSEUDONYM_WITHOUT_SUBJECT', 'note', file, spot, what, mend)
      }
    }
  }
}
