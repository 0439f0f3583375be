import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ integrity?: string, link?: boolean, resolved?: string, optional?: boolean, version?: string }} Package
 * @typedef {Record<string, Package>} Packages by the path at which each is installed
 */

/**
 * Compares what is to be installed (package-lock.json) with what is (node_modules/.package-lock.json, which npm writes
 * last, so that a broken install has none).
 * @param {string} root
 * @returns {string | null} one difference, in words; null when there is none
 */
export function whatDiffers(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  if (wanted === null) return 'package-lock.json is missing or broken'
  const present = packagesOf(join(root, 'node_modules/.package-lock.json'))
  if (present === null) return 'dependencies are not installed yet'
  return firstDifference(wanted, present)
}

/**
 * @param {Packages} wanted
 * @param {Packages} present
 * @returns {string | null}
 */
export function firstDifference(wanted, present) {
  for (const [path, want] of Object.entries(wanted)) {
    if (path === '') continue
    const have = present[path]
    // Optional: a binary for another platform, or what belongs to it.
    if (have === undefined && want.optional === true) continue
    if (have === undefined) return `${path} is not installed`
    if (have.integrity !== want.integrity || have.link !== want.link || have.version !== want.version) {
      return `${path} has changed`
    }
  }
  const extra = Object.keys(present).find((path) => !(path in wanted))
  return extra === undefined ? null : `${extra} is no longer wanted`
}

/**
 * @param {string} path
 * @returns {Packages | null}
 */
function packagesOf(path) {
  try {
    const { packages } = JSON.parse(readFileSync(path, 'utf8'))
    return typeof packages === 'object' ? packages : null
  } catch {
    return null
  }
}
