import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../bytes/address.ts'
import { latin1, u16 } from '../../bytes/read.ts'
import { fold, put16, sum } from './checksum.ts'
import { EditedStreams } from './edited-streams.ts'
import { type Known, PacketAnonymiser } from './packet.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.of(1, 2, 3))
const NOTHING: Known = { placeOf: () => null, quoted: () => null, datagramOf: () => null }
const ETHERNET = 1
const RAW = 101

function anonymised(bytes: readonly number[], linkType: number, known: Known = NOTHING, wireLength = 0): number[] {
  const own = Uint8Array.from(bytes)
  const packets = new PacketAnonymiser(pseudonyms, (_, b, at, end) => b.fill(0x2e, at, end), known)
  packets.packet({ bytes: own, linkType, wireLength, interfaceId: 0, seconds: 0 }, 0)
  return [...own]
}

/** Bytes of a field, or of a few that stand together. */
const of = (...bytes: number[]): number[] => bytes
const word = (value: number): number[] => [value >> 8, value & 0xff]
const text = (value: string): number[] => Array.from(value, (c) => c.charCodeAt(0))
const address = (value: string): number[] => [...parseAddress(value)!]
const mapped = (value: string): number[] => address(pseudonyms.addressText(value)!)

const SOURCE = '10.1.0.1'
const DESTINATION = '10.1.0.2'

/** An IPv4 packet with the right header checksum. */
function ip4(protocol: number, payload: readonly number[], source = SOURCE, destination = DESTINATION): number[] {
  const header = [
    ...of(0x45, 0x00, ...word(20 + payload.length)), // version and header length, DSCP, total length
    ...of(0x12, 0x34, 0x40, 0x00), // identification, DF
    ...of(64, protocol, 0, 0), // TTL, protocol, checksum
    ...address(source),
    ...address(destination),
  ]
  const checksum = ~sum(Uint8Array.from(header), 0, 20) & 0xffff
  return [...header.slice(0, 10), ...word(checksum), ...header.slice(12), ...payload]
}

/** Sum of the pseudo-header of an IPv4 packet, its length included. */
function pseudo(packet: readonly number[]): number {
  const b = Uint8Array.from(packet)
  return fold(sum(b, 12, 20) + b[9]! + u16(b, 2) - 20)
}

const TCP_CHECKSUM = 20 + 16
const TCP_HEADER = [
  ...of(0x9c, 0x40, 0x00, 0x50), // ports
  ...of(0, 0, 0, 1, 0, 0, 0, 1), // sequence and acknowledgement number
  ...of(0x50, 0x18, 0xff, 0xff), // header length, flags, window
  ...of(0, 0, 0, 0), // checksum, urgent pointer
]

function withChecksum(packet: readonly number[], at: number, checksum: number): number[] {
  const b = Uint8Array.from(packet)
  put16(b, at, checksum)
  return [...b]
}

const rightChecksum = (packet: readonly number[]): number =>
  ~fold(sum(Uint8Array.from(packet), 20, packet.length) + pseudo(packet)) & 0xffff

describe('checksums', () => {
  const payload = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })
  const edits = new EditedStreams()
  edits.keep(0, 3, 9)
  edits.replace(0, 12, Uint8Array.from(text('replaced')))
  const known: Known = { ...NOTHING, placeOf: () => ({ streams: edits, side: 0, position: 1 }) }

  test('a right one stays right, a wrong one as wrong', () => {
    fc.assert(
      fc.property(payload, fc.integer({ min: 0, max: 0xfffe }), (bytes, wrongBy) => {
        const plain = ip4(6, [...TCP_HEADER, ...bytes])
        const packet = withChecksum(plain, TCP_CHECKSUM, fold(rightChecksum(plain) + wrongBy))
        fc.pre(
          u16(Uint8Array.from(packet), TCP_CHECKSUM) !== 0 &&
            u16(Uint8Array.from(packet), TCP_CHECKSUM) !== pseudo(packet),
        )
        const result = anonymised(packet, RAW, known)
        expect(sum(Uint8Array.from(result), 0, 20)).toBe(0xffff)
        const off = (one: readonly number[]): number =>
          fold(sum(Uint8Array.from(one), 20, one.length) + pseudo(one)) % 0xffff
        expect(off(result)).toBe(off(packet))
      }),
    )
  })

  test('one that a network card was to fill in stays one', () => {
    const plain = ip4(6, [...TCP_HEADER, ...text('GET / HTTP/1.1')])
    const partial = anonymised(withChecksum(plain, TCP_CHECKSUM, pseudo(plain)), RAW, known)
    expect(u16(Uint8Array.from(partial), TCP_CHECKSUM)).toBe(pseudo(partial))
    const zero = anonymised(plain, RAW, known)
    expect(u16(Uint8Array.from(zero), TCP_CHECKSUM)).toBe(0)
    const noHeaderChecksum = anonymised(withChecksum(plain, 10, 0), RAW, known)
    expect(u16(Uint8Array.from(noHeaderChecksum), 10)).toBe(0)
  })

  test('UDP without one has none', () => {
    const plain = ip4(17, [...word(1234), ...word(514), ...word(12), 0, 0, ...text('host')])
    expect(anonymised(plain, RAW).slice(20)).toEqual([...plain.slice(20, 28), ...text('xxxx')])
  })
})

test('TCP: ports, numbers and timestamps stay, the address that a load balancer put into an option does not', () => {
  const options = [
    ...of(1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6), // NOP, NOP, timestamps
    ...of(254, 8, 0x1f, 0x90, ...address('192.168.7.9')), // kind 254: port and address of the client
  ]
  const header = [...TCP_HEADER.slice(0, 12), 0xa0, 0x18, ...TCP_HEADER.slice(14), ...options]
  const plain = ip4(6, [...header, ...text('secret')])
  const result = anonymised(plain, RAW)
  expect(result.slice(20)).toEqual([...header.slice(0, 32), 254, 8, 0, 0, 0, 0, 0, 0, ...text('xxxxxx')])
  expect(result.slice(12, 20)).toEqual([...mapped(SOURCE), ...mapped(DESTINATION)])
})

test('TCP: of an option of another length than it has nothing stays', () => {
  const secret = text('alice5')
  const options = of(3, 8, ...secret, 8, 8, ...secret) // window scale, timestamps
  const segment = [...TCP_HEADER.slice(0, 12), 0x90, ...TCP_HEADER.slice(13), ...options]
  const out = anonymised(ip4(6, segment), RAW)
  expect(out.slice(40)).toEqual(of(3, 8, 0, 0, 0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0))
})

test('what stands behind an IP packet in its frame is gone', () => {
  const macs = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
  const result = anonymised(
    [...macs, 8, 0, ...ip4(17, [...word(9), ...word(9), ...word(8), 0, 0]), ...text('trailer')],
    ETHERNET,
  )
  expect(result.slice(0, 6)).toEqual([...pseudonyms.mac(Uint8Array.from(macs.slice(0, 6)))])
  expect(result.slice(14 + 28)).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test('a frame of a protocol that nobody knows says so and nothing else', () => {
  const lldp = [...of(0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 2), 0x88, 0xcc, ...text('switch7.example')]
  const result = anonymised(lldp, ETHERNET)
  expect(result.slice(12, 14)).toEqual([0x88, 0xb5]) // local experiments
  expect(result.slice(14).every((byte) => byte === 0)).toBe(true)
})

test('ARP: MACs and addresses', () => {
  const arp = [
    ...of(0, 1, 8, 0, 6, 4, 0, 1), // Ethernet, IPv4, lengths, request
    ...of(2, 0, 0, 0, 0, 1, ...address(SOURCE)),
    ...of(0, 0, 0, 0, 0, 0, ...address(DESTINATION)),
  ]
  const result = anonymised(
    [...of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1), 8, 6, ...arp],
    ETHERNET,
  ).slice(14)
  const mac = [...pseudonyms.mac(Uint8Array.of(2, 0, 0, 0, 0, 1))]
  expect(result).toEqual([...arp.slice(0, 8), ...mac, ...mapped(SOURCE), 0, 0, 0, 0, 0, 0, ...mapped(DESTINATION)])
})

test('an ICMP error quotes what became of the packet', () => {
  const edits = new EditedStreams()
  edits.replace(0, 100, Uint8Array.from(text('GET /xyz')))
  const quote = ip4(6, [...TCP_HEADER, ...text('GET /key')])
  const plain = ip4(1, [3, 1, 0, 0, 0, 0, 0, 0, ...quote], '10.1.0.254', SOURCE)
  const checksum = ~sum(Uint8Array.from(plain), 20, plain.length) & 0xffff
  const asked: string[] = []
  const result = anonymised(withChecksum(plain, 22, checksum), RAW, {
    ...NOTHING,
    quoted: ({ source, ports }, sequence) => {
      asked.push(`${source.join('.')} ${ports.join(' ')} ${sequence}`)
      return { streams: edits, side: 0, position: 100 }
    },
  })
  expect(asked).toEqual([`${SOURCE} 156 64 0 80 1`])
  expect(sum(Uint8Array.from(result), 20, result.length)).toBe(0xffff)
  expect(result.slice(28 + 12, 28 + 20)).toEqual([...mapped(SOURCE), ...mapped(DESTINATION)])
  expect(latin1(Uint8Array.from(result), result.length - 8, result.length)).toBe('GET /xyz')
})

/** Header of a packet of ICMPv6, up to the addresses. */
const ip6Header = (length: number): number[] => [0x60, 0, 0, 0, ...word(length), 58, 255]

/** What its checksum covers, added up. */
const icmp6Sum = (packet: readonly number[]): number =>
  fold(sum(Uint8Array.from(packet), 8, packet.length) + 58 + packet.length - 40)

test('neighbour discovery: target and link-layer address, and the checksum over both', () => {
  const target = '2001:db8::7'
  const message = [
    ...of(135, 0, 0, 0, 0, 0, 0, 0, ...address(target)), // neighbour solicitation
    ...of(1, 1, 2, 0, 0, 0, 0, 1), // source link-layer address
  ]
  const ends = [...address('fe80::1'), ...address('ff02::1:ff00:7')]
  const bare = [...ip6Header(message.length), ...ends, ...message]
  const packet = withChecksum(bare, 42, ~icmp6Sum(bare) & 0xffff)
  const result = anonymised(packet, RAW)
  expect(icmp6Sum(result)).toBe(0xffff)
  expect(result.slice(48, 64)).toEqual(mapped(target))
  expect(result.slice(66)).toEqual([...pseudonyms.mac(Uint8Array.of(2, 0, 0, 0, 0, 1))])
})

test('a packet in VXLAN is anonymised as one on the wire', () => {
  const inner = [
    ...of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2),
    8,
    0,
    ...ip4(17, [...word(9), ...word(9), ...word(12), 0, 0, ...text('data')]),
  ]
  const vxlan = [8, 0, 0, 0, 0, 0, 42, 0, ...inner]
  const outer = ip4(
    17,
    [...word(50_000), ...word(4789), ...word(8 + vxlan.length), 0, 0, ...vxlan],
    '172.16.0.1',
    '172.16.0.2',
  )
  const result = anonymised(outer, RAW)
  expect(result.slice(36)).toEqual(anonymised(inner, ETHERNET))
})

const LINK_TYPES = [1, 113, 276, 101, 0, 9, 104, 51, 239, 147]

test('any bytes: as many come out, and nothing is thrown', () => {
  const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 120 })
  fc.assert(
    fc.property(fc.constantFrom(...LINK_TYPES), bytes, fc.nat(200), (linkType, packet, wireLength) => {
      expect(anonymised(packet, linkType, NOTHING, wireLength)).toHaveLength(packet.length)
    }),
    { numRuns: 500 },
  )
})

test('bytes in which packets may be found: nothing of the rest is left', () => {
  const SECRET = text('SECRETSECRETSECRETSECRET')
  const kind = fc.constantFrom(1, 2, 4, 6, 17, 41, 47, 50, 58, 132, 137)
  const between = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 24 })
  fc.assert(
    fc.property(kind, between, fc.nat(70), (protocol, bytes, cut) => {
      // Headers may say anything; what is behind 60 bytes of them is payload.
      const header = [...bytes, ...Array.from({ length: 60 - bytes.length }, () => 0)]
      const packet = ip4(protocol, [...header, ...SECRET])
      const result = anonymised(packet.slice(0, packet.length - Math.min(cut, 12)), RAW, NOTHING, packet.length)
      expect(latin1(Uint8Array.from(result), 0, result.length)).not.toContain('SECRET')
    }),
    { numRuns: 500 },
  )
})
