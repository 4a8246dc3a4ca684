import { describe, expect, test } from 'vitest'
import { formatAddress } from './address.ts'
import { createQuote, describe as words, isError, mtu, quoted } from './icmp.ts'
import { createLayers, type Layers } from './layers.ts'

/** The bytes of one field, or of a few. */
const b = (...bytes: number[]): number[] => bytes

function layers(version: 4 | 6, message: number[]): Layers {
  return {
    ...createLayers(),
    bytes: Uint8Array.from(message),
    ipVersion: version,
    transportAt: 0,
    transportEnd: message.length,
    transportLength: message.length,
  }
}

const FRAGMENTATION_NEEDED = [3, 4, 0, 0, 0, 0, 5, 0x78] // type, code, checksum, unused, next-hop MTU 1400
const TOO_BIG = [2, 0, 0, 0, 0, 0, 5, 0] // type, code, checksum, MTU 1280
const PORTS_SEQUENCE = [0xa1, 0x22, 0x1f, 0x90, 0xff, 0, 0, 1] // 41250, 8080, sequence
const ip4 = (protocol: number, offset = 0): number[] => [
  ...b(0x45, 0, 5, 0xdc, 0x12, 0x34, 0x40, offset), // total length 1500, identification, Don't Fragment
  ...b(63, protocol, 0, 0, 10, 1, 0, 2, 10, 2, 0, 1),
]
const ip6 = (next: number): number[] => [
  ...b(0x60, 0, 0, 0, 5, 0xb4, next, 63), // payload length 1460
  ...b(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), // source
  ...b(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), // destination
]

describe('words', () => {
  test.each([
    [4, FRAGMENTATION_NEEDED, 'destination unreachable (fragmentation needed, next-hop MTU 1400)'],
    [4, [3, 1, 0, 0, 0, 0, 0, 0], 'destination unreachable (host unreachable)'],
    [4, [3, 13, 0, 0, 0, 0, 0, 0], 'destination unreachable (communication administratively prohibited)'],
    [4, [3, 99, 0, 0, 0, 0, 0, 0], 'destination unreachable (code 99)'],
    [4, [11, 0, 0, 0, 0, 0, 0, 0], 'time exceeded (time to live exceeded in transit)'],
    [4, [8, 0, 0, 0, 0, 0, 0, 0], 'echo request'],
    [4, [42, 7, 0, 0, 0, 0, 0, 0], 'type 42, code 7'],
    [6, TOO_BIG, 'packet too big (MTU 1280)'],
    [6, [1, 4, 0, 0, 0, 0, 0, 0], 'destination unreachable (port unreachable)'],
    [6, [3, 1, 0, 0, 0, 0, 0, 0], 'time exceeded (fragment reassembly)'],
  ])('ICMP in IPv%i %j: %s', (version, message, text) => {
    expect(words(Uint8Array.from(message), 0, version)).toBe(text)
  })

  test('MTU: told, not told, not asked', () => {
    expect(mtu(Uint8Array.from(FRAGMENTATION_NEEDED), 0, 4)).toBe(1400)
    expect(mtu(Uint8Array.of(3, 4, 0, 0, 0, 0, 0, 0), 0, 4)).toBe(0)
    expect(mtu(Uint8Array.of(3, 1, 0, 0, 0, 0, 5, 0x78), 0, 4)).toBe(-1)
    expect(mtu(Uint8Array.from(TOO_BIG), 0, 6)).toBe(1280)
  })

  test('errors quote, the rest does not', () => {
    expect([3, 4, 11, 12].map((type) => isError(Uint8Array.of(type), 0, 4))).toEqual([true, true, true, true])
    expect([0, 5, 8].map((type) => isError(Uint8Array.of(type), 0, 4))).toEqual([false, false, false])
    expect([1, 4, 128, 135].map((type) => isError(Uint8Array.of(type), 0, 6))).toEqual([true, true, false, false])
  })
})

describe('quoted', () => {
  test('TCP over IPv4', () => {
    const l = layers(4, [...FRAGMENTATION_NEEDED, ...ip4(6), ...PORTS_SEQUENCE])
    const quote = createQuote()
    expect(quoted(l, quote)).toBe(true)
    expect(formatAddress(l.bytes, quote.sourceAt, 4)).toBe('10.1.0.2')
    expect(formatAddress(l.bytes, quote.destinationAt, 4)).toBe('10.2.0.1')
    const ports = { sourcePort: 41250, destinationPort: 8080, sequence: 0xff000001 }
    expect(quote).toMatchObject({ ipVersion: 4, ipLength: 1500, ipId: 0x1234, protocol: 6, ...ports })
  })

  test('UDP over IPv6, behind hop-by-hop options', () => {
    const l = layers(6, [...TOO_BIG, ...ip6(0), 17, 0, 1, 4, 0, 0, 0, 0, ...PORTS_SEQUENCE])
    const quote = createQuote()
    expect(quoted(l, quote)).toBe(true)
    expect(formatAddress(l.bytes, quote.destinationAt, 6)).toBe('2001:db8::1')
    expect(quote).toMatchObject({ protocol: 17, sourcePort: 41250, sequence: -1, ipLength: 1500 })
  })

  test('a later fragment has no ports', () => {
    const quote = createQuote()
    expect(quoted(layers(4, [...FRAGMENTATION_NEEDED, ...ip4(6, 2), ...PORTS_SEQUENCE]), quote)).toBe(true)
    expect(quote).toMatchObject({ protocol: 6, sourcePort: -1, sequence: -1 })
  })

  test('cut anywhere', () => {
    const message = [...FRAGMENTATION_NEEDED, ...ip4(6), ...PORTS_SEQUENCE]
    const seen = message.map((_, end) => {
      const quote = createQuote()
      const is = quoted(layers(4, message.slice(0, end)), quote)
      return [is, quote.sourcePort, quote.sequence]
    })
    expect(seen.slice(0, 28).every(([is]) => !is)).toBe(true) // no whole IP header
    expect(new Set(seen.slice(28, 32).map(String))).toEqual(new Set(['true,-1,-1']))
    expect(new Set(seen.slice(32).map(String))).toEqual(new Set(['true,41250,-1']))
  })

  test('an echo quotes nothing, and nothing stays from the quote before', () => {
    const quote = createQuote()
    quoted(layers(4, [...FRAGMENTATION_NEEDED, ...ip4(6), ...PORTS_SEQUENCE]), quote)
    expect(quoted(layers(4, [8, 0, 0, 0, 0, 0, 0, 0, ...ip4(6)]), quote)).toBe(false)
    expect(quote).toEqual(createQuote())
  })
})
