// Hosts on one clock, and the captures taken at them.
import { be16, join, type Bytes } from './bytes.ts'
import { dnsAnswer, dnsQuery, type Rcode } from './dns.ts'
import { addressBytes, isIp6, UDP, udpPacket } from './ip.ts'
import { ARP, BROADCAST, frame, IP4, IP6, LINK, macBytes, type LinkType } from './link.ts'
import type { Host } from './side.ts'
import { tcp, type Tcp, type TcpSetup } from './tcp.ts'
import { carry, nanoseconds, type Fate, type Nanoseconds, type Wire } from './wire.ts'
import { writePcap, type Frame } from './write-pcap.ts'
import { writePcapng } from './write-pcapng.ts'

export interface CaptureOptions {
  format?: 'pcap' | 'pcapng'
  linkType?: LinkType
  snapLength?: number
  resolution?: 'microseconds' | 'nanoseconds'
  byteOrder?: 'little' | 'big'
  vlan?: number
  /** How far this capture's clock is ahead, in seconds, and how much faster it runs. */
  clockSkewSeconds?: number
  clockDriftPpm?: number
  /** The capture ran only from here to there, in seconds since the start of the scenario. */
  fromSeconds?: number
  untilSeconds?: number
  /** pcapng only. */
  interfaceName?: string
  comment?: string
  dropped?: number
  keyLog?: string
}

export interface DnsOptions extends Fate {
  type?: 'A' | 'AAAA'
  /** Addresses, an error, or null for no answer at all. */
  answer: string[] | Exclude<Rcode, 'NOERROR'> | null
  /** Seconds until the server answers; 0.001. */
  after?: number
  port?: number
}

export interface Network {
  /** A host; the vantage at it has its name. Several hosts of one name are seen by one capture. */
  host(name: string, ip: string, options?: { ttl?: number }): Host
  tcp(opener: Host, acceptor: Host, port: number, setup?: TcpSetup): Tcp
  udp(from: Host, to: Host, ports: [source: number, destination: number], payload: string | Bytes, fate?: Fate): void
  /** A lookup; returns to the clock of the answer, or of the query when there is none. */
  dns(asker: Host, server: Host, name: string, options: DnsOptions): void
  /** Who has `ip`? Answered by the host that is given; without, asked in vain. */
  arp(asker: Host, ip: string, answeredBy?: Host): void
  wait(seconds: number): void
  /** Seconds since the start. */
  elapsed(): number
  /** Tells something that happens `seconds` after the start, whatever the clock says now; the clock comes back. */
  at(seconds: number, tell: () => void): void
  /** What the vantage saw (or several, in one file), in the order of time. */
  capture(vantage: string | string[], options?: CaptureOptions): Bytes
}

const ONE_WAY: Nanoseconds = 250_000

/** A network at rest at `start` (RFC 3339). */
export function network({ start = '2026-01-02T03:04:05Z' }: { start?: string } = {}): Network {
  const wire: Wire = { now: 0, sightings: [] }
  const startMilliseconds = Date.parse(start)
  let hosts = 0
  let port = 40001
  let dnsId = 0x1000

  const net: Network = {
    host(name, ip, { ttl = 64 } = {}) {
      hosts++
      return { name, ip, ttl, mac: hosts, ipId: hosts * 0x1000 }
    },
    tcp(opener, acceptor, to, setup = {}) {
      return tcp(wire, opener, acceptor, to, setup.port ?? port++, setup)
    },
    udp(from, to, [source, destination], payload, fate = {}) {
      const fields = { source: from.ip, destination: to.ip, protocol: UDP, ipId: fate.ipId ?? from.ipId++ }
      const packet = (): Bytes => udpPacket({ ...fields, ttl: fate.ttl ?? from.ttl }, source, destination, payload)
      const link = { sourceMac: from.mac, destinationMac: to.mac, etherType: isIp6(from.ip) ? IP6 : IP4 }
      const vantages = [from.name, to.name]
      wire.now = carry(wire, { at: wire.now, vantages, oneWay: ONE_WAY, hops: 0, fate, link, packet }).arrival
    },
    dns(asker, server, name, { type = 'A', answer, after = 0.001, port: from = port++, ...fate }) {
      const id = dnsId++
      net.udp(asker, server, [from, 53], dnsQuery(id, name, type), fate)
      if (answer === null || fate.lost) return
      net.wait(after)
      const [rcode, addresses]: [Rcode, string[]] = Array.isArray(answer) ? ['NOERROR', answer] : [answer, []]
      const { unseen } = fate
      const reply = dnsAnswer(id, name, type, rcode, addresses)
      net.udp(server, asker, [53, from], reply, unseen === undefined ? {} : { unseen })
    },
    arp(asker, ip, answeredBy) {
      const say = (operation: number, sender: Host, target: number[], targetIp: string, destinationMac: number) => {
        const head = [...be16(1), ...be16(IP4), 6, 4, ...be16(operation)] // Ethernet, IPv4, address lengths; RFC 826
        const ends = [...macBytes(sender.mac), ...addressBytes(sender.ip), ...target, ...addressBytes(targetIp)]
        const vantages = [sender.name, ...(answeredBy ? [operation === 1 ? answeredBy.name : asker.name] : [])]
        const link = { sourceMac: sender.mac, destinationMac, etherType: ARP }
        const packet = (): Bytes => join(head, ends)
        wire.now = carry(wire, { at: wire.now, vantages, oneWay: ONE_WAY, hops: 0, fate: {}, link, packet }).arrival
      }
      say(1, asker, [0, 0, 0, 0, 0, 0], ip, BROADCAST)
      if (answeredBy) say(2, answeredBy, macBytes(asker.mac), asker.ip, asker.mac)
    },
    wait(seconds) {
      wire.now += nanoseconds(seconds)
    },
    elapsed: () => wire.now / 1e9,
    at(seconds, tell) {
      const before = wire.now
      wire.now = nanoseconds(seconds)
      tell()
      wire.now = before
    },
    capture(vantage, options = {}) {
      const { format = 'pcap', linkType = 'ethernet', clockSkewSeconds = 0, clockDriftPpm = 0, vlan } = options
      const from = nanoseconds(options.fromSeconds ?? -Infinity)
      const until = nanoseconds(options.untilSeconds ?? Infinity)
      const names = typeof vantage === 'string' ? [vantage] : vantage
      const frames: Frame[] = []
      const seen = wire.sightings.filter((s) => names.includes(s.vantage) && s.at >= from && s.at <= until)
      for (const { at, link, packet } of seen.toSorted((a, b) => a.at - b.at)) {
        const bytes = frame(linkType, link, packet, vlan)
        const shown = at + Math.round((at * clockDriftPpm) / 1e6) + nanoseconds(clockSkewSeconds)
        if (bytes) frames.push({ ...timeOf(shown), bytes })
      }
      const writer = format === 'pcap' ? writePcap : writePcapng
      return writer(frames, { ...options, linkType: LINK[linkType] })
    },
  }

  /** Milliseconds since 1970 times a million is more than a number holds exactly, so seconds go their own way. */
  function timeOf(at: Nanoseconds): { seconds: number; nanoseconds: number } {
    const wholeStart = Math.floor(startMilliseconds / 1000)
    const rest = at + (startMilliseconds - wholeStart * 1000) * 1e6
    const seconds = Math.floor(rest / 1e9)
    return { seconds: wholeStart + seconds, nanoseconds: rest - seconds * 1e9 }
  }

  return net
}
