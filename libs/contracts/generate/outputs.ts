import { fileURLToPath } from 'node:url'
import { languagePage, languageSchemas } from '@weir/contracts/language'
import { jsonText } from './json-text.ts'

/** What is generated from src/language.ts: texts by the path of their file. */
export function generated(): Map<string, string> {
  const files = new Map([[pathOf('../../../docs/reference/policy-language.md'), languagePage()]])
  for (const [name, schema] of languageSchemas()) {
    files.set(pathOf(`../schemas/${name}`), jsonText(schema))
  }
  return files
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
