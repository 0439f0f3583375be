import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networkOf } from './ip-prefix.ts'

describe('prefix(24, 48)', () => {
  test.each<[string, string | null]>([
    ['203.0.113.9', '203.0.113.0/24'],
    ['0.0.0.0', '0.0.0.0/24'],
    ['255.255.255.255', '255.255.255.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:DB8:1::', '2001:db8:1::/48'],
    ['2001:0db8:0001:0000:0000:0000:0000:0001', '2001:db8:1::/48'],
    ['::', '::/48'],
    ['::1', '::/48'],
    // IPv4 in IPv6: the mapped form is the IPv4 address, whichever way it is written.
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['::FFFF:cb00:7109', '203.0.113.0/24'],
    ['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.0/24'],
    // 6to4 has the whole IPv4 address in its first 48 bits.
    ['2002:cb00:7109::1', '2002:cb00:7100::/40'],
    ['64:ff9b::203.0.113.9', '64:ff9b::/48'],
    // The zone names an interface of one machine.
    ['fe80::1%eth0', 'fe80::/48'],
    ['fe80::1%25', 'fe80::/48'],
    ['::ffff:203.0.113.9%1', '203.0.113.0/24'],
    // Not addresses, or addresses and more.
    ['', null],
    ['203.0.113', null],
    ['203.0.113.256', null],
    ['203.0.113.09', null],
    ['0313.0.113.9', null],
    ['0xcb.0.113.9', null],
    ['3405803785', null],
    ['203.0.113.9:443', null],
    ['203.0.113.9/32', null],
    ['203.0.113.9, 198.51.100.1', null],
    [' 203.0.113.9', null],
    ['203.0.113.9%eth0', null],
    ['２０３.0.113.9', null],
    ['[::1]', null],
    ['::1%', null],
    ['%eth0', null],
    [':', null],
    [':::', null],
    ['1::2::3', null],
    ['1:2:3:4:5:6:7', null],
    ['1:2:3:4:5:6:7:8:9', null],
    ['1:2:3:4:5:6:7::8', null],
    ['1:2:3:4:5:6:7::', '1:2:3::/48'],
    ['1:2:3:4:5:6:7:8::', null],
    ['12345::', null],
    ['g::', null],
    [':1::', null],
    ['1.2.3.4::', null],
    ['localhost', null],
  ])('%s becomes %s', (text, network) => {
    expect(networkOf(text, 24, 48)).toBe(network)
  })
})

describe('other widths', () => {
  test.each<[string, number, number, string]>([
    ['203.0.113.9', 32, 128, '203.0.113.9/32'],
    ['203.0.113.9', 0, 0, '0.0.0.0/0'],
    ['203.0.113.9', 25, 0, '203.0.113.0/25'],
    ['203.255.113.9', 12, 0, '203.240.0.0/12'],
    ['2001:db8::1', 0, 0, '::/0'],
    ['2001:db8:0:1::2', 24, 128, '2001:db8:0:1::2/128'],
    ['2001:db8:ffff:ffff::', 24, 45, '2001:db8:fff8::/45'],
    ['64:ff9b::203.0.113.9', 24, 128, '64:ff9b::cb00:7100/120'],
    ['::203.0.113.9', 24, 128, '::cb00:7100/120'],
    ['2002:cb00:7109::1', 32, 48, '2002:cb00:7109::/48'],
    ['2002:cb00:7109::1', 0, 48, '2002::/16'],
  ])('%s cut to %i and %i bits is %s', (text, v4, v6, network) => {
    expect(networkOf(text, v4, v6)).toBe(network)
  })

  test.each([
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3/128'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4/128'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7/128'],
    ['0:0:1:2:3:4:5:6', '::1:2:3:4:5:6/128'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::/128'],
  ])('%s is written as RFC 5952 says: %s', (text, written) => {
    expect(networkOf(text, 32, 128)).toBe(written)
  })

  test('two addresses that differ in what is cut away give one network', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(groups, groups, fc.integer({ min: 0, max: 8 }), (a, b, kept) => {
        const text = (list: readonly number[]) => list.map((group) => group.toString(16)).join(':')
        const other = [...a.slice(0, kept), ...b.slice(kept)]
        expect(networkOf(text(other), 24, 16 * kept)).toBe(networkOf(text(a), 24, 16 * kept))
      }),
    )
  })

  test('a network that was cut is not changed by cutting it again', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 128 }), (text, v4, v6) => {
        const once = networkOf(text, v4, v6)
        expect(once).not.toBeNull()
        const address = once?.slice(0, once.indexOf('/')) ?? ''
        expect(networkOf(address, v4, v6)?.split('/')[0]).toBe(address)
      }),
    )
  })
})
