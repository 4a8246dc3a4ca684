import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Packet } from '../capture/packet.ts'
import { formatAddress } from './address.ts'
import { Decoder } from './decode.ts'
import {
  createLayers,
  ARP,
  BROKEN,
  FRAGMENT,
  ICMP,
  ICMP6,
  OTHER,
  TCP,
  UDP,
  UNKNOWN_LINK,
  type Layers,
} from './layers.ts'

/** The bytes of one field, or of a few. */
const b = (...bytes: number[]): number[] => bytes

const ETHERNET = 1
const RAW = 101
const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276]

const zeros = (length: number): number[] => Array<number>(length).fill(0)
const pair = (value: number): number[] => [value >> 8, value & 0xff]
const ethernet = (type: number, ...payload: number[]): number[] => [
  ...b(2, 0, 0, 0, 0, 1), // destination
  ...b(2, 0, 0, 0, 0, 2), // source
  ...pair(type),
  ...payload,
]
const ip4 = (protocol: number, payload: number[], total = 20 + payload.length, fragment = 0): number[] => [
  ...b(0x45, 0), // version, header length, type of service
  ...pair(total),
  ...b(0x12, 0x34), // identification
  ...pair(fragment),
  ...b(64, protocol, 0, 0), // TTL, protocol, checksum
  ...b(10, 1, 0, 2, 10, 2, 0, 1), // source, destination
  ...payload,
]
const ip6 = (next: number, payload: number[], length = payload.length): number[] => [
  ...b(0x60, 0, 0, 0), // version, traffic class, flow label
  ...pair(length),
  ...b(next, 63), // next header, hop limit
  ...b(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), // source
  ...b(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), // destination
  ...payload,
]
const udp = (port: number, ...payload: number[]): number[] => [
  ...pair(50000),
  ...pair(port),
  ...pair(8 + payload.length),
  ...b(0, 0),
  ...payload,
]
const SYN = [
  ...b(0xa1, 0x22, 0, 80), // ports 41250, 80
  ...b(0, 0, 0, 1, 0, 0, 0, 0), // sequence, acknowledgment
  ...b(0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0), // data offset 5, SYN, window, checksum, urgent pointer
]
const WHO_HAS = [
  ...b(0, 1, 8, 0, 6, 4, 0, 1), // Ethernet, IPv4, lengths, request
  ...b(2, 0, 0, 0, 0, 2, 10, 1, 0, 2), // sender
  ...b(0, 0, 0, 0, 0, 0, 10, 1, 0, 1), // target
]

function packet(linkType: number, bytes: number[] | Uint8Array, wireLength = bytes.length, seconds = 0): Packet {
  return {
    frame: 1,
    seconds,
    nanoseconds: 0,
    bytes: Uint8Array.from(bytes),
    at: 0,
    end: bytes.length,
    wireLength,
    linkType,
    interfaceId: 0,
  }
}

function decode(linkType: number, bytes: number[], wireLength = bytes.length): Layers {
  const layers = createLayers()
  new Decoder().decode(layers, packet(linkType, bytes, wireLength))
  return layers
}

const source = (l: Layers): string => formatAddress(l.bytes, l.sourceAt, l.ipVersion === 6 ? 6 : 4)

const vxlan = [8, 0, 0, 0, 0, 0, 7, 0] // id flag, reserved, VNI 7
const geneve = [1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0] // one word of options, bridged Ethernet, VNI 7
const gre = (flags: number, protocol: number, ...rest: number[]): number[] => [
  ...pair(flags),
  ...pair(protocol),
  ...rest,
]
const inner = ethernet(0x0800, ...ip4(6, SYN))

/** Name, link type, frame, tunnels, vlan: all hold the same SYN. */
const SYN_FRAMES: [string, number, number[], number, number][] = [
  ['Ethernet', ETHERNET, ethernet(0x0800, ...ip4(6, SYN)), 0, -1],
  ['IPv6', ETHERNET, ethernet(0x86dd, ...ip6(6, SYN)), 0, -1],
  ['VLAN', ETHERNET, ethernet(0x8100, 0x20, 5, 8, 0, ...ip4(6, SYN)), 0, 5],
  ['stacked VLANs', ETHERNET, ethernet(0x88a8, 0, 5, 0x81, 0, 0, 6, 8, 0, ...ip4(6, SYN)), 0, 6],
  ['LLC/SNAP', ETHERNET, ethernet(48, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...ip4(6, SYN)), 0, -1],
  ['MPLS', ETHERNET, ethernet(0x8847, 0, 1, 0, 64, 0, 2, 1, 64, ...ip4(6, SYN)), 0, -1],
  ['MPLS pseudowire', ETHERNET, ethernet(0x8847, 0, 2, 1, 64, 0, 0, 0, 0, ...inner), 1, -1],
  ['PPPoE', ETHERNET, ethernet(0x8864, 0x11, 0, 0, 1, 0, 42, 0, 0x21, ...ip4(6, SYN)), 0, -1],
  ['NULL, little-endian', 0, [30, 0, 0, 0, ...ip6(6, SYN)], 0, -1],
  ['NULL, big-endian', 0, [0, 0, 0, 2, ...ip4(6, SYN)], 0, -1],
  ['LOOP', 108, [0, 0, 0, 2, ...ip4(6, SYN)], 0, -1],
  ['RAW', RAW, ip6(6, SYN), 0, -1],
  ['IPV4', 228, ip4(6, SYN), 0, -1],
  ['PPP', 9, [0xff, 3, 0x21, ...ip4(6, SYN)], 0, -1],
  ['PPP_HDLC', 50, [0x0f, 0, 8, 0, ...ip4(6, SYN)], 0, -1],
  ['C_HDLC', 104, [0x0f, 0, 0x86, 0xdd, ...ip6(6, SYN)], 0, -1],
  ['PPP_ETHER', 51, [0x11, 0, 0, 1, 0, 42, 0, 0x21, ...ip4(6, SYN)], 0, -1],
  ['NFLOG', 239, [2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 0, 0, 44, 0, 9, 0, ...ip4(6, SYN)], 0, -1],
  ['SLL', 113, [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, 8, 0, ...ip4(6, SYN)], 0, -1],
  ['SLL2', 276, [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 2, 0, 0, ...ip4(6, SYN)], 0, -1],
  ['IP in IP', RAW, ip4(4, ip4(6, SYN)), 1, -1],
  ['6in4', RAW, ip4(41, ip6(6, SYN)), 1, -1],
  ['VXLAN', ETHERNET, ethernet(0x8100, 0, 5, 8, 0, ...ip4(17, udp(4789, ...vxlan, ...inner))), 1, -1],
  ['VXLAN, Linux port', RAW, ip4(17, udp(8472, ...vxlan, ...inner)), 1, -1],
  ['VXLAN-GPE', RAW, ip4(17, udp(4790, 12, 0, 0, 1, 0, 0, 7, 0, ...ip4(6, SYN))), 1, -1],
  ['GENEVE', RAW, ip6(17, udp(6081, ...geneve, ...inner)), 1, -1],
  ['TZSP', RAW, ip4(17, udp(37008, 1, 0, 0, 1, 0, 10, 1, 99, 1, ...inner)), 1, -1],
  ['GRE', RAW, ip4(47, gre(0, 0x0800, ...ip4(6, SYN))), 1, -1],
  ['GRE, all fields', RAW, ip4(47, gre(0xb000, 0x0800, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, ...ip4(6, SYN))), 1, -1],
  ['GRE, bridged', RAW, ip4(47, gre(0x2000, 0x6558, 0, 0, 0, 1, ...inner)), 1, -1],
  ['ERSPAN I', RAW, ip4(47, gre(0, 0x88be, ...inner)), 1, -1],
  ['ERSPAN II', RAW, ip4(47, gre(0x1000, 0x88be, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, ...inner)), 1, -1],
  ['ERSPAN III', RAW, ip4(47, gre(0x1000, 0x22eb, 0, 0, 0, 1, 0x20, ...zeros(10), 0, ...inner)), 1, -1],
  [
    'ERSPAN III, subheader',
    RAW,
    ip4(47, gre(0x1000, 0x22eb, 0, 0, 0, 1, 0x20, ...zeros(10), 1, ...zeros(8), ...inner)),
    1,
    -1,
  ],
  ['WCCP', RAW, ip4(47, gre(0, 0x883e, 1, 0, 0, 0, ...ip4(6, SYN))), 1, -1],
  ['AH in IPv4', RAW, ip4(51, [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, ...zeros(12), ...SYN]), 0, -1],
  ['IPv6 options', RAW, ip6(0, [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0, ...SYN]), 0, -1],
  ['atomic fragment', RAW, ip6(44, [6, 0, 0, 0, 0, 0, 0, 1, ...SYN]), 0, -1],
]

describe('one SYN in every wrapping', () => {
  test.each(SYN_FRAMES)('%s', (_name, linkType, frame, tunnels, vlan) => {
    const l = decode(linkType, frame)
    expect(l.kind).toBe(TCP)
    expect([...l.bytes.subarray(l.transportAt, l.transportEnd)]).toEqual(SYN)
    expect(l.transportLength).toBe(20)
    expect(source(l)).toBe(l.ipVersion === 6 ? '2001:db8::2' : '10.1.0.2')
    expect([l.tunnels, l.vlan]).toEqual([tunnels, vlan])
  })

  test.each(SYN_FRAMES)('%s, cut anywhere, is no SYN', (_name, linkType, frame) => {
    for (let end = 0; end < frame.length; end++) {
      expect(decode(linkType, frame.slice(0, end), frame.length).kind).not.toBe(TCP)
    }
  })
})

describe('what the link knows', () => {
  test('MAC addresses of the innermost frame', () => {
    expect(decode(ETHERNET, ethernet(0x0800, ...ip4(6, SYN)))).toMatchObject({
      sourceMac: 0x020000000002,
      destinationMac: 0x020000000001,
    })
    expect(decode(RAW, ip4(6, SYN)).sourceMac).toBe(-1)
  })

  test('packet type and interface of a cooked frame', () => {
    const frame = [8, 6, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 2, 0, 0, ...WHO_HAS]
    expect(decode(276, frame)).toMatchObject({
      kind: ARP,
      cookedType: 4,
      cookedInterface: 3,
      sourceMac: 0x020000000002,
    })
  })

  test('unknown link types are told apart from broken frames', () => {
    expect(decode(147, [1, 2, 3]).kind).toBe(UNKNOWN_LINK)
    expect(decode(ETHERNET, [1, 2, 3]).kind).toBe(BROKEN)
    expect(decode(ETHERNET, ethernet(0x88cc, 1, 2, 3)).kind).toBe(OTHER)
  })
})

describe('lengths', () => {
  test('padding is not payload', () => {
    const l = decode(ETHERNET, ethernet(0x0800, ...ip4(6, SYN), 0, 0, 0, 0, 0, 0))
    expect([l.transportEnd, l.transportLength, l.ipLength]).toEqual([54, 20, 40])
  })

  test('a snap length cuts what was captured, not what was sent', () => {
    const l = decode(RAW, ip4(6, [...SYN, 1, 2], 1500), 1500)
    expect([l.transportEnd - l.transportAt, l.transportLength, l.ipLength]).toEqual([22, 1480, 1500])
  })

  test.each([
    ['IPv4', ip4(6, [...SYN, 1, 2], 0), 70042, 20],
    ['IPv6', ip6(6, [...SYN, 1, 2], 0), 70062, 40],
  ])('%s length 0: offloaded, the wire length counts', (_name, frame, wireLength, header) => {
    const l = decode(RAW, frame, wireLength)
    expect([l.kind, l.transportLength, l.ipLength]).toEqual([TCP, wireLength - header, wireLength])
  })

  test('a TCP header longer than its packet is broken', () => {
    const header = [...SYN]
    header[12] = 0xf0 // data offset 15
    expect(decode(RAW, ip4(6, header)).kind).toBe(BROKEN)
  })
})

describe('other kinds', () => {
  test('ICMP and ICMPv6, each in its own IP', () => {
    const echo = [8, 0, 0, 0, 0, 1, 0, 1]
    expect(decode(RAW, ip4(1, echo)).kind).toBe(ICMP)
    expect(decode(RAW, ip6(58, echo)).kind).toBe(ICMP6)
    expect(decode(RAW, ip6(1, echo)).kind).toBe(OTHER)
  })

  test('a tunnel port alone makes no tunnel', () => {
    expect(decode(RAW, ip4(17, udp(4789, 0, 1, 2, 3, 4, 5, 6, 7, ...inner)))).toMatchObject({ kind: UDP, tunnels: 0 })
  })

  test('a tunnel with something unknown inside shows nothing of its outer packet', () => {
    const l = decode(RAW, ip4(17, udp(4789, ...vxlan, ...ethernet(0x88cc, 0))))
    expect(l).toMatchObject({ kind: OTHER, tunnels: 1, ipVersion: 0, transportLength: 0 })
  })

  test('nesting ends', () => {
    let nested = ip4(6, SYN)
    for (let depth = 0; depth < 8; depth++) nested = ip4(4, nested)
    expect(decode(RAW, nested)).toMatchObject({ kind: TCP, tunnels: 8 })
    expect(decode(RAW, ip4(4, nested))).toMatchObject({ kind: OTHER, tunnels: 8 })
  })
})

describe('fragments', () => {
  const payload = [...SYN, 1, 2, 3, 4, 5]

  test('IPv4: the last to come brings the datagram, whatever the order', () => {
    const first = ip4(6, payload.slice(0, 16), 36, 0x2000)
    const last = ip4(6, payload.slice(16), 29, 2)
    for (const order of [
      [first, last],
      [last, first],
    ]) {
      const decoder = new Decoder()
      const l = createLayers()
      expect(decoder.decode(l, packet(RAW, order[0]))).toBe(FRAGMENT)
      expect(decoder.incompleteDatagrams).toBe(1)
      expect(decoder.decode(l, packet(RAW, order[1]))).toBe(TCP)
      expect([...l.bytes.subarray(l.transportAt, l.transportEnd)]).toEqual(payload)
      expect([source(l), l.ipLength, l.transportLength]).toEqual(['10.1.0.2', 45, 25])
      expect(decoder.incompleteDatagrams).toBe(0)
    }
  })

  test('IPv6', () => {
    const decoder = new Decoder()
    const l = createLayers()
    decoder.decode(l, packet(RAW, ip6(44, [6, 0, 0, 1, 0, 0, 0, 9, ...payload.slice(0, 16)])))
    expect(l).toMatchObject({ kind: FRAGMENT, ipVersion: 6 })
    decoder.decode(l, packet(RAW, ip6(44, [6, 0, 0, 16, 0, 0, 0, 9, ...payload.slice(16)])))
    expect([...l.bytes.subarray(l.transportAt, l.transportEnd)]).toEqual(payload)
    expect([l.kind, source(l), l.ipLength]).toEqual([TCP, '2001:db8::2', 65])
  })
})

describe('any bytes', () => {
  // Odd frames of every shape: one from the list above with some bytes changed, or plain noise.
  const noise = fc.tuple(fc.constantFrom(...LINK_TYPES), fc.uint8Array({ maxLength: 120 }))
  const changed = fc
    .tuple(
      fc.constantFrom(...SYN_FRAMES),
      fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    )
    .map(([[, linkType, frame], changes]): [number, Uint8Array] => {
      const bytes = Uint8Array.from(frame)
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return [linkType, bytes]
    })

  test('never throw, and no offset leaves the captured bytes', () => {
    fc.assert(
      fc.property(fc.oneof(noise, changed), ([linkType, bytes]) => {
        const l = createLayers()
        const kind = new Decoder().decode(l, packet(linkType, bytes))
        expect(l.transportEnd).toBeLessThanOrEqual(bytes.length)
        expect(l.destinationAt + (l.ipVersion === 0 ? 0 : l.ipVersion === 4 ? 4 : 16)).toBeLessThanOrEqual(bytes.length)
        expect(kind !== TCP || l.transportEnd - l.transportAt >= 20).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('what stands behind the captured end is never looked at', () => {
    fc.assert(
      fc.property(fc.oneof(noise, changed), fc.nat({ max: 120 }), ([linkType, bytes], cut) => {
        const end = Math.min(cut, bytes.length)
        const alone = createLayers()
        const within = createLayers()
        new Decoder().decode(alone, packet(linkType, bytes.slice(0, end), bytes.length))
        new Decoder().decode(within, { ...packet(linkType, bytes), end })
        expect({ ...within, bytes: null }).toEqual({ ...alone, bytes: null })
      }),
      { numRuns: 2000 },
    )
  })
})

/** Offsets from the IP header on, and what was read there. */
const read = ({ kind, ttl, ipId, ipAt, ipLength, transportAt, transportEnd, transportLength }: Layers): number[] => [
  kind,
  ttl,
  ipId,
  ipLength,
  transportLength,
  Math.max(0, transportAt - ipAt),
  Math.max(0, transportEnd - ipAt),
]

test('the short way through Ethernet, IPv4 and TCP ends where the long way does', () => {
  // The same IPv4 packet behind PPP, from where only the long way leads.
  const change = fc.tuple(fc.nat({ max: 59 }), fc.nat({ max: 255 }))
  const frames = fc.record({ changes: fc.array(change, { maxLength: 3 }), cut: fc.nat({ max: 60 }), pad: fc.nat(8) })
  fc.assert(
    fc.property(frames, ({ changes, cut, pad }) => {
      const ip = [...ip4(6, [...SYN, ...zeros(20)]), ...zeros(pad)]
      for (const [at, value] of changes) ip[at] = value
      const there = ip.slice(0, ip.length - cut)
      const short = decode(ETHERNET, ethernet(0x0800, ...there), 14 + ip.length)
      const long = decode(9, [0xff, 3, 0, 0x21, ...there], 4 + ip.length)
      expect(read(short)).toEqual(read(long))
    }),
    { numRuns: 2000 },
  )
})
