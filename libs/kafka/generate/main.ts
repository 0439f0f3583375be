import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generated } from './outputs.ts'

for (const [path, text] of generated()) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
