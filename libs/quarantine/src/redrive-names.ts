/**
 * Group that redrives quarantined records of one reason, without the namespace. Its committed offsets say how far that
 * reason was redriven; records of other reasons below them are not, and have groups of their own.
 */
export function redriveGroup(stream: string, code: string): string {
  return `redrive.${stream}.${code}`
}
