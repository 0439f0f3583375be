import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** What begins with one of these carries an IPv4 address from that bit on: 6to4, NAT64, IPv4-compatible. */
const CARRIERS: readonly (readonly [network: string, bits: number])[] = [
  ['2002::', 16],
  ['64:ff9b::', 96],
  ['::', 96],
]

const LISTS = CARRIERS.map(([network, bits]) => {
  const list = new BlockList()
  list.addSubnet(network, bits, 'ipv6')
  return { list, bits }
})

/** CIDR text of an address; null for anything else. Node tells what an address is, and writes it as RFC 5952 does. */
export function networkOf(text: string, v4: number, v6: number): string | null {
  if (isIPv4(text)) return `${cutBytes(bytesOf4(text), v4).join('.')}/${v4}`
  const plain = text.replace(/%[^%]+$/, '')
  if (plain.includes('%') || !isIPv6(plain)) return null
  const bytes = bytesOf6(plain)
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  if (isMapped) return `${cutBytes(bytes.slice(12), v4).join('.')}/${v4}`
  const carried = LISTS.filter(({ list }) => list.check(plain, 'ipv6')).map(({ bits }) => bits + v4)
  const bits = Math.min(v6, ...carried)
  return `${text6(cutBytes(bytes, bits))}/${bits}`
}

function bytesOf4(text: string): number[] {
  return text.split('.').map(Number)
}

function bytesOf6(text: string): number[] {
  const inner = canonical(text)
  const [left = '', right] = inner.split('::')
  const groups = (half: string) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(left), groups(right ?? '')]
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff])
}

function text6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return canonical(groups.join(':'))
}

/** A URL's host is serialised as RFC 5952 says, IPv4 parts as hex groups. */
function canonical(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}

function cutBytes(bytes: readonly number[], bits: number): number[] {
  return bytes.map((byte, i) => {
    const kept = Math.max(0, Math.min(8, bits - 8 * i))
    return byte & (0xff00 >> kept) & 0xff
  })
}
