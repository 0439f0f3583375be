import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The Node that the scripts run on comes as an npm package with the binary for this platform, one of the root's
 * optionalDependencies. npm leaves an optional package out without a word, so this looks.
 * @param {string} root
 * @param {{ platform: string, arch: string, version: string }} machine
 * @returns {string | null} what is missing and how to mend it; null when all is well
 */
export function missingNode(
  root,
  machine = { platform: process.platform, arch: process.arch, version: process.versions.node },
) {
  const { optionalDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const nodes = Object.entries(optionalDependencies).filter(([name]) => /^node-(bin-)?(linux|darwin|win)-/.test(name))
  const wanted = String(nodes[0]?.[1])
  const binary = machine.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const name = nodes
    .map(([each]) => each)
    .find((each) => each === packageFor(machine) || each === `node-bin-${suffix(machine)}`)

  if (name !== undefined && existsSync(join(root, 'node_modules', name, binary))) return null
  if (major(machine.version) >= major(wanted)) return null
  const here = `${machine.platform}-${machine.arch}`
  if (name === undefined) {
    const known = nodes.map(([each]) => each.replace(/^node-(bin-)?/, '')).join(', ')
    return `there is no Node ${wanted} for ${here} on npm (only ${known}): install Node ${major(wanted)} or later yourself.`
  }
  return (
    `Node ${wanted} for ${here} (package ${name}) was not installed: does npm leave optional packages out ` +
    `(npm config get omit)? Run: npm ci --ignore-scripts --include=optional`
  )
}

/** @param {{ platform: string, arch: string }} machine */
function suffix({ platform, arch }) {
  return `${platform === 'win32' ? 'win' : platform}-${arch}`
}

/** @param {{ platform: string, arch: string }} machine */
function packageFor(machine) {
  return `node-${suffix(machine)}`
}

/** @param {string} version */
function major(version) {
  return Number(version.split('.')[0])
}
