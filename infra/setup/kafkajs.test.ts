import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/**
 * Who may import kafkajs, and which of its words. Its producers and consumers lose, leak and repeat records under
 * faults (libs/kafka/README.md); what Weir promises rests on libs/kafka, which takes only its connection.
 */
const allowed: Readonly<Record<string, RegExp>> = {
  'libs/kafka/src/net/kafkajs-connection.ts': /^kafkajs\/src\/network\/(connection|requestQueue\/index)\.js$/,
  'libs/kafka/src/net/security.ts': /^kafkajs$/,
  'libs/kafka/src/net/oauth-bearer.ts': /^kafkajs$/,
  // The auditor imports nothing of libs: it has its own reading of logs over kafkajs's connections.
  'services/auditor/src/settings.ts': /^kafkajs$/,
  'services/auditor/src/kafka/cluster.ts': /^kafkajs(\/src\/network\/requestQueue\/index\.js)?$/,
  'services/auditor/src/kafka/log-reader.ts': /^kafkajs\/src\/protocol\/requests\/fetch\/v11\/request\.js$/,
  // Deletes the demo's consumer groups.
  'infra/demo/leave-no-trace.ts': /^kafkajs$/,
}

const sources = ['libs', 'services', 'infra'].flatMap((folder) =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !/node_modules|\.d\.ts$|\.test\.ts$/.test(file))
    .map((file) => resolve(root, folder, file)),
)

test('kafkajs is imported only for its connection, by the auditor’s own reader, and by the demo’s clean-up', () => {
  const found = sources.flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    return [...text.matchAll(/(?:from|import)\s*\(?\s*'(kafkajs[^']*)'/g)].map((match) => ({
      file: relative(root, path),
      module: match[1] ?? '',
    }))
  })
  expect(found.length).toBeGreaterThan(0)
  expect(found.filter(({ file, module }) => !allowed[file]?.test(module))).toEqual([])
})

test('Nothing makes a producer or a consumer of kafkajs, and what only wants its types imports types', () => {
  for (const file of Object.keys(allowed)) {
    const text = readFileSync(resolve(root, file), 'utf8')
    expect(text, file).not.toMatch(/\.(producer|consumer)\s*\(/)
    if (/security|oauth/.test(file)) expect(text, file).not.toMatch(/import (?!type )[^\n]*'kafkajs'/)
  }
})
