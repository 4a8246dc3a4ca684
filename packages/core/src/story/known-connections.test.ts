import { network, request, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import type { Observations } from '../observe/observations.ts'
import { observe } from '../observe/observe.ts'
import { joinConversations } from './conversations.ts'

/** What a box between two captures changes in every packet. */
interface Translation {
  /** Added to the sequence numbers of the client, and of the server. */
  numbers?: [client: number, server: number]
  /** Added to the port and to the last byte of the address, of the client and of the server. */
  client?: number
  server?: number
  /** Added to the server's timestamps, as by who ends the connection and opens another. */
  stamps?: number
  /** Taken from the TTL. */
  hops?: number
}

const PCAP_HEADER = 24
const RECORD_HEADER = 16
const ETHERNET = 14
const IP = 20
const SERVER_PORT = 8080

/** The packets of a pcap file of Ethernet, IPv4 and TCP, as they are on the other side of the box. */
function translated(
  file: Uint8Array,
  { numbers = [0, 0], client = 0, server = 0, stamps = 0, hops = 0 }: Translation,
): Uint8Array {
  const bytes = file.slice()
  const view = new DataView(bytes.buffer)
  const add = (at: number, by: number): void => view.setUint32(at, (view.getUint32(at) + by) >>> 0)
  for (let at = PCAP_HEADER, end; at < bytes.length; at = end) {
    end = at + RECORD_HEADER + view.getUint32(at + 8, true)
    const ip = at + RECORD_HEADER + ETHERNET
    const tcp = ip + IP
    bytes[ip + 8]! -= hops
    const isOut = view.getUint16(tcp + 2) === SERVER_PORT
    const [own, other] = isOut ? numbers : numbers.toReversed()
    add(tcp + 4, own)
    if (view.getUint8(tcp + 13) & 0x10) add(tcp + 8, other)
    const [source, destination] = isOut ? [client, server] : [server, client]
    for (const [place, by] of [
      [0, source],
      [1, destination],
    ] as const) {
      add(ip + 12 + 4 * place, by)
      view.setUint16(tcp + 2 * place, view.getUint16(tcp + 2 * place) + by)
    }
    const options = tcp + 20
    const length = (view.getUint8(tcp + 12) >> 4) * 4
    for (let o = options; o < tcp + length; o += Math.max(1, bytes[o] > 1 ? bytes[o + 1] : 1)) {
      if (bytes[o] === 8) add(o + 2, stamps)
    }
  }
  return bytes
}

const seen = (bytes: Uint8Array): Promise<Observations> =>
  observe([{ file: 'capture.pcap', open: () => whole(bytes) }], { decompression: { gzip: (source) => source } })

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** How many conversations the connections of two captures make, one on either side of a box. */
async function joined(talk: (tcp: Tcp) => unknown, box: Translation, connections = 1): Promise<number> {
  const net = network()
  const [back, app] = [net.host('back', '10.2.0.1'), net.host('app', '10.3.0.1')]
  for (let i = 0; i < connections; i++) talk(net.tcp(back, app, SERVER_PORT))
  const near = await seen(net.capture('back'))
  const far = await seen(translated(net.capture('app'), box))
  return joinConversations([near, far]).length
}

const served = (tcp: Tcp): Tcp => tcp.handshake().send('>', request('GET /a')).send('<', response(200, 'ok'))
const unheard = (tcp: Tcp): Tcp => tcp.syn()

describe('a connection is the same behind', () => {
  test.each<[string, (tcp: Tcp) => unknown, Translation]>([
    ['nothing', served, {}],
    ['source translation', served, { client: 9 }],
    ['destination translation', served, { server: 7 }],
    ['both', served, { client: 9, server: 7 }],
    ['both, without an answer', unheard, { client: 9, server: 7 }],
    ['a firewall with numbers of its own', served, { numbers: [77, 1 << 30] }],
    ['a firewall with numbers of its own and both translations', served, { numbers: [77, 9], client: 9, server: 7 }],
    ['a SYN proxy', served, { numbers: [0, 1 << 29], stamps: 5 }],
  ])('%s', async (_, talk, box) => {
    expect(await joined(talk, box, 3)).toBe(3)
  })
})

/** What a host sees of a scanner. */
const probe = async (source: string, target: string): Promise<Observations> => {
  const net = network()
  const [scanner, host] = [net.host('scanner', source), net.host('host', target)]
  net.tcp(scanner, host, SERVER_PORT, { isn: [0, 0] }).syn()
  return seen(net.capture('host'))
}

describe('another connection is', () => {
  test('what a box opens that ended the first, with the same addresses', async () => {
    expect(await joined(served, { numbers: [1 << 29, 1 << 29], stamps: 1 << 20 })).toBe(2)
  })

  test('a SYN numbered 0, as scanners number them all', async () => {
    const captures = [await probe('10.8.0.1', '10.2.0.1'), await probe('10.9.0.1', '10.3.0.1')]
    expect(joinConversations(captures)).toHaveLength(2)
    expect(joinConversations([captures[0]!, await probe('10.8.0.1', '10.2.0.1')])).toHaveLength(1)
  })

  test('a SYN with numbers of its own, which nothing ties to the first', async () => {
    expect(await joined(unheard, { numbers: [5, 5], client: 9 })).toBe(2)
  })

  test('one beside it in the same capture with the same numbers, unless somebody forwarded it', async () => {
    const net = network()
    const [back, app] = [net.host('back', '10.2.0.1'), net.host('app', '10.3.0.1')]
    served(net.tcp(back, app, SERVER_PORT))
    const near = net.capture('back')
    const joins = [0, 1].map(async (hops) => {
      const other = translated(near, { client: 9, server: 7, hops })
      return joinConversations([await seen(Uint8Array.of(...near, ...other.subarray(PCAP_HEADER)))]).length
    })
    expect(await Promise.all(joins)).toEqual([2, 1])
  })
})
