import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dissect } from './dissect.ts'
import type { Layer, LayerField } from './layer.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))

const ETHERNET = hex('0242ac110002 0242ac110003 0800')
const ip4 = (
  protocol: number,
  payload: Uint8Array,
  { options = new Uint8Array(0) as Uint8Array, offset = 0 } = {},
): Uint8Array => {
  const header = 20 + options.length
  const total = header + payload.length
  const start = [0x40 | (header / 4), 0x02, total >> 8, total & 255, 0x12, 0x34, 0x40 | (offset >> 8), offset & 255]
  return join(Uint8Array.from([...start, 64, protocol, 0xbe, 0xef, 10, 0, 0, 1, 10, 0, 0, 2]), options, payload)
}
const ip6 = (next: number, payload: Uint8Array): Uint8Array =>
  join(
    hex('60012345'),
    Uint8Array.of(payload.length >> 8, payload.length & 255, next, 63),
    hex('20010db8000000000000000000000001 20010db8000000000000000000000002'),
    payload,
  )
const tcp = (flags: number, payload: Uint8Array, options: Uint8Array = new Uint8Array(0)): Uint8Array =>
  join(
    hex('c001 0050 00000064 000000c8'),
    Uint8Array.of((5 + options.length / 4) << 4, flags),
    hex('fa00 abcd 0000'),
    options,
    payload,
  )
const udp = (source: number, destination: number, payload: Uint8Array): Uint8Array => {
  const length = 8 + payload.length
  return join(
    Uint8Array.of(source >> 8, source & 255, destination >> 8, destination & 255, length >> 8, length & 255, 0, 0),
    payload,
  )
}

const SYN_OPTIONS = hex('0204 05b4  0402  080a 00000001 00000000  01  030307')
const CLIENT_HELLO = hex(`
  16 0301 0048   01 000044   0303 ${'ab'.repeat(32)} 00   0002 1301   01 00   0019
  0000 000b 0009 00 0006 612e746573 74   0010 0006 0004 03 666f6f`)
const DNS = hex('1234 8183 0001 0001 0000 0000  01 61 04 74657374 00 0001 0001  c00c 0001 0001 0000003c 0004 0a000001')
const H2 = join(
  bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  hex('000006 04 00 00000000 0003 00000064'),
  hex('000004 03 00 00000001 00000007'),
)
const QUOTE = ip4(6, hex('c001 01bb 00000064'))

/** A frame of each kind, by what it is. */
const FRAMES: { readonly [what: string]: { link: number; frame: Uint8Array } } = {
  syn: { link: 1, frame: join(ETHERNET, ip4(6, tcp(0x02, new Uint8Array(0), SYN_OPTIONS))) },
  http: { link: 1, frame: join(ETHERNET, ip4(6, tcp(0x18, bytes('GET /a HTTP/1.1\r\nHost: a.test\r\n\r\nbody')))) },
  tls: { link: 1, frame: join(ETHERNET, ip4(6, tcp(0x18, join(CLIENT_HELLO, hex('15 0303 0002 02 28'))))) },
  http2: { link: 101, frame: ip4(6, tcp(0x18, H2)) },
  proxy: { link: 101, frame: ip4(6, tcp(0x18, bytes('PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\nGET / HTTP/1.1\r\n\r\n'))) },
  dns: { link: 101, frame: ip6(17, udp(53, 40_000, DNS)) },
  dnsTcp: {
    link: 101,
    frame: ip4(6, join(hex('0035 c001 00000064 000000c8 5018 fa00 abcd 0000'), Uint8Array.of(0, DNS.length), DNS)),
  },
  icmp: { link: 101, frame: ip4(1, join(hex('0304 0000 0000 0578'), QUOTE)) },
  arp: {
    link: 1,
    frame: hex('ffffffffffff 0242ac110003 0806 0001 0800 06 04 0001 0242ac110003 0a000001 000000000000 0a000002 0000'),
  },
  vlan: {
    link: 1,
    frame: join(ETHERNET.slice(0, 12), hex('88a8 000a 8100 6014 0800'), ip4(17, udp(1, 2, bytes('x')))),
  },
  sll: { link: 113, frame: join(hex('0004 0001 0006 0242ac110003 0000 0800'), ip4(6, tcp(0x14, new Uint8Array(0)))) },
  sll2: {
    link: 276,
    frame: join(hex('0800 0000 00000002 0001 04 06 0242ac110003 0000'), ip4(6, tcp(0x14, new Uint8Array(0)))),
  },
  loopback: { link: 0, frame: join(hex('02000000'), ip4(6, tcp(0x11, new Uint8Array(0)))) },
  vxlan: {
    link: 101,
    frame: ip4(17, udp(5000, 4789, join(hex('08000000 00002a00'), ETHERNET, ip4(6, tcp(2, new Uint8Array(0)))))),
  },
  fragment: { link: 101, frame: ip4(17, bytes('the rest'), { offset: 185 }) },
  options: { link: 101, frame: ip4(1, hex('0800 0000 0001 0002'), { options: hex('94040000 01010100') }) },
  extension: {
    link: 101,
    frame: ip6(
      0,
      join(hex('2c 00 0104 00000000  3a 00 0000 00000007  01 04 0000 00000000'), ip6(6, hex('c001 01bb 00000064'))),
    ),
  },
}

const outline = (layers: readonly Layer[]): string[] => layers.map(({ name, summary }) => `${name}: ${summary}`)

function find(layers: readonly Layer[], name: string): LayerField {
  const all = (fields: readonly LayerField[]): LayerField[] => fields.flatMap((one) => [one, ...all(one.fields ?? [])])
  const field = layers.flatMap((layer) => all(layer.fields)).find((one) => one.name === name)
  if (field === undefined) throw new Error(`no field ${name}`)
  return field
}

const of = (what: string): Layer[] => dissect(FRAMES[what].frame, FRAMES[what].link, FRAMES[what].frame.length)

test('a SYN, layer by layer, option by option', () => {
  const layers = of('syn')
  expect(outline(layers)).toEqual([
    'Ethernet II: 02:42:ac:11:00:03 → 02:42:ac:11:00:02',
    'Internet Protocol Version 4: 10.0.0.1 → 10.0.0.2',
    'Transmission Control Protocol: 49153 → 80 [SYN] seq 100, 0 bytes',
  ])
  expect(find(layers, 'Window')).toEqual({ name: 'Window', value: '64000', at: 48, length: 2 })
  expect(find(layers, 'Options').fields?.map(({ name, value, at, length }) => [name, value, at, length])).toEqual([
    ['Maximum segment size', '1460 bytes', 54, 4],
    ['SACK permitted', '', 58, 2],
    ['Timestamps', 'TSval 1, TSecr 0', 60, 10],
    ['No-Operation (NOP)', '', 70, 1],
    ['Window scale', '7 (multiply by 128)', 71, 3],
  ])
})

test.each([
  ['http', ['Hypertext Transfer Protocol: GET /a HTTP/1.1', 'Data: 4 bytes']],
  ['tls', ['Transport Layer Security: Handshake: ClientHello', 'Transport Layer Security: Alert: handshake_failure']],
  [
    'http2',
    [
      'HyperText Transfer Protocol 2: Magic',
      'HyperText Transfer Protocol 2: SETTINGS, stream 0, 1 settings',
      'HyperText Transfer Protocol 2: RST_STREAM, stream 1, REFUSED_STREAM',
    ],
  ],
  ['proxy', ['PROXY Protocol: 1.2.3.4:1000 → 5.6.7.8:80', 'Hypertext Transfer Protocol: GET / HTTP/1.1']],
  ['dns', ['User Datagram Protocol: 53 → 40000, 40 bytes', 'Domain Name System: response 0x1234 A a.test, NXDOMAIN']],
  ['dnsTcp', ['Domain Name System: response 0x1234 A a.test, NXDOMAIN']],
  ['arp', ['Address Resolution Protocol: Who has 10.0.0.2? Tell 10.0.0.1', 'Padding or trailer: 2 bytes']],
  ['fragment', ['Internet Protocol Version 4: 10.0.0.1 → 10.0.0.2', 'Fragment of a datagram: 8 bytes']],
  ['sll', ['Transmission Control Protocol: 49153 → 80 [RST, ACK] seq 100, ack 200, 0 bytes']],
])('%s ends in %j', (what, expected) => {
  expect(outline(of(what)).slice(-expected.length)).toEqual(expected)
})

test('an ICMP error and what it quotes', () => {
  const layers = of('icmp')
  expect(outline(layers)).toEqual([
    'Internet Protocol Version 4: 10.0.0.1 → 10.0.0.2',
    'Internet Control Message Protocol: destination unreachable (fragmentation needed, next-hop MTU 1400)',
    'Internet Protocol Version 4: 10.0.0.1 → 10.0.0.2',
    'Transmission Control Protocol: 49153 → 443, cut',
  ])
  expect(layers.map((layer) => layer.isQuoted)).toEqual([false, false, true, true])
})

test('tags and tunnels', () => {
  expect(outline(of('vlan')).slice(1, 3)).toEqual([
    '802.1ad Service VLAN: ID 10, priority 0',
    '802.1Q Virtual LAN: ID 20, priority 3',
  ])
  expect(of('vxlan').map(({ name }) => name)).toEqual([
    'Internet Protocol Version 4',
    'User Datagram Protocol',
    'Virtual eXtensible Local Area Network',
    'Ethernet II',
    'Internet Protocol Version 4',
    'Transmission Control Protocol',
  ])
})

test('what a hello says', () => {
  const layers = of('tls')
  expect(find(layers, 'Extension: server_name').value).toBe('a.test')
  expect(find(layers, 'Extension: application_layer_protocol_negotiation').value).toBe('foo')
  expect(find(layers, 'Cipher Suite').value).toBe('TLS_AES_128_GCM_SHA256')
})

test('a fault says who set the limit', () => {
  const { frame } = FRAMES.syn
  const cut = dissect(frame.slice(0, 40), 1, frame.length)
  expect(cut.at(2)?.fault).toBe('cut by the snap length: Sequence Number has 4 bytes, of which 2 are there')
  const short = dissect(frame.slice(0, 40), 1, 40)
  expect(short.at(1)?.fault).toBe('total length of 60 bytes is more than the frame holds: 26')
  expect(short.at(2)?.fault).toBe('Sequence Number is longer than the packet: 4 bytes, and 2 are left')
})

/** Layers that do not lie behind the one before, inside of the frame, with their fields in them and parts in those. */
function misplaced(frame: Uint8Array, layers: readonly Layer[]): Layer[] {
  return layers.filter((layer, i) => {
    const before = i === 0 ? 0 : layers[i - 1].at + layers[i - 1].length
    return layer.at < before || layer.at + layer.length > frame.length || !fits(layer.fields, layer)
  })
}

const fits = (fields: readonly LayerField[], { at, length }: { at: number; length: number }): boolean =>
  fields.every(
    (field) =>
      field.length > 0 && field.at >= at && field.at + field.length <= at + length && fits(field.fields ?? [], field),
  )

test.each(Object.keys(FRAMES))('%s: whole, and every byte has its layer', (what) => {
  const { frame } = FRAMES[what]
  const layers = of(what)
  expect(misplaced(frame, layers)).toEqual([])
  expect(layers.filter(({ isQuoted }) => !isQuoted).map(({ fault }) => fault)).toEqual(
    layers.filter(({ isQuoted }) => !isQuoted).map(() => null),
  )
  expect(layers.reduce((sum, { length }) => sum + length, 0)).toBe(frame.length)
})

test.each(Object.keys(FRAMES))('%s: cut anywhere', (what) => {
  const { link, frame } = FRAMES[what]
  for (let length = 0; length < frame.length; length++) {
    const cut = frame.slice(0, length)
    const layers = dissect(cut, link, frame.length)
    expect(misplaced(cut, layers)).toEqual([])
    expect(layers.reduce((sum, layer) => sum + layer.length, 0)).toBe(length)
    expect(misplaced(cut, dissect(cut, link, length))).toEqual([])
  }
})

test('an address without bytes is none', () => {
  const frame = FRAMES['arp'].frame.slice()
  frame[18] = 0 // hardware size
  expect(misplaced(frame, dissect(frame, FRAMES['arp'].link, frame.length))).toEqual([])
})

test('random bytes, and frames with some bytes changed', () => {
  const links = fc.constantFrom(0, 1, 9, 50, 51, 101, 104, 108, 113, 228, 239, 276, 999)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), links, fc.nat(300), (frame, link, wireLength) => {
      expect(misplaced(frame, dissect(frame, link, wireLength))).toEqual([])
    }),
    { numRuns: 500 },
  )
  const changes = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(FRAMES)), changes, fc.nat(20), (what, changed, behind) => {
      const frame = FRAMES[what].frame.slice()
      for (const [at, value] of changed) frame[at % frame.length] = value
      expect(misplaced(frame, dissect(frame, FRAMES[what].link, frame.length + behind))).toEqual([])
    }),
    { numRuns: 2000 },
  )
})

test('thousands of HTTP/2 frames are cut short', () => {
  const frames = join(...Array.from({ length: 5000 }, () => hex('000000 04 01 00000000')))
  const layers = dissect(ip4(6, tcp(0x18, frames)), 101, 0)
  expect(layers.length).toBeLessThan(200)
})
