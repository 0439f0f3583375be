/**
 * The network of an IP address as CIDR text: `203.0.113.0/24`, `2001:db8::/48` (RFC 4632; IPv6 in the form of RFC 5952).
 *
 * - IPv4 in dotted decimal without leading zeros, which some read as octal; IPv6 in any form of RFC 4291.
 * - A zone id (`fe80::1%eth0`, RFC 4007) is dropped: it names an interface of one machine.
 * - An IPv4-mapped address (`::ffff:203.0.113.9`) is the IPv4 address that it means.
 * - An IPv6 address that carries an IPv4 one (6to4, NAT64, IPv4-compatible) shows no more of it than `v4` bits.
 * @returns null for anything else: ports, brackets, lists, spaces, names
 */
export function networkOf(text: string, v4: number, v6: number): string | null {
  const four = ipv4(text)
  if (four !== null) return ipv4Network(four, v4)
  const six = ipv6(text.replace(/%[^%]+$/, ''))
  if (six === null) return null
  if (six >> 32n === MAPPED) return ipv4Network(six & 0xffff_ffffn, v4)
  const bits = CARRIERS.reduce((least, carrier) => {
    const carries = six >> BigInt(128 - carrier.prefixBits) === carrier.prefix
    return carries ? Math.min(least, carrier.prefixBits + v4) : least
  }, v6)
  return `${ipv6Text(cut(six, 128, bits))}/${bits}`
}

const MAPPED = 0xffffn

/** Prefixes after which an IPv4 address follows at once. */
const CARRIERS = [
  // 2002::/16, 6to4 (RFC 3056)
  { prefix: 0x2002n, prefixBits: 16 },
  // 64:ff9b::/96, NAT64 (RFC 6052)
  { prefix: 0x64_ff9b_0000_0000_0000_0000n, prefixBits: 96 },
  // ::/96, IPv4-compatible (RFC 4291, deprecated)
  { prefix: 0n, prefixBits: 96 },
] as const

function ipv4Network(address: bigint, bits: number): string {
  return `${ipv4Text(cut(address, 32, bits))}/${bits}`
}

function cut(address: bigint, width: number, bits: number): bigint {
  const host = BigInt(width - bits)
  return (address >> host) << host
}

function ipv4(text: string): bigint | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  let address = 0n
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return null
    address = (address << 8n) | BigInt(part)
  }
  return address
}

function ipv4Text(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join('.')
}

function ipv6(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const parts = halves.map((half, i) => groups(half, i === halves.length - 1))
  const [left, right] = parts
  if (left === null || left === undefined || right === null) return null
  const count = left.length + (right?.length ?? 0)
  // `::` stands for one group of zeros at least.
  if (right === undefined ? count !== 8 : count > 7) return null
  const all = [...left, ...new Array<bigint>(8 - count).fill(0n), ...(right ?? [])]
  return all.reduce((address, group) => (address << 16n) | group, 0n)
}

/** Groups between colons; the last two of the whole address may be written as IPv4. */
function groups(text: string, last: boolean): bigint[] | null {
  if (text === '') return []
  const read: bigint[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    const four = last && i === parts.length - 1 ? ipv4(part) : null
    if (four !== null) read.push(four >> 16n, four & 0xffffn)
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) read.push(BigInt(`0x${part}`))
    else return null
  }
  return read
}

/** RFC 5952: lower case, no leading zeros, the first of the longest runs of two zero groups or more as `::`. */
function ipv6Text(address: bigint): string {
  const all = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn))
  let best = { at: 0, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (all[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const hex = (from: number, to: number): string =>
    all
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return best.length < 2 ? hex(0, 8) : `${hex(0, best.at)}::${hex(best.at + best.length, 8)}`
}
