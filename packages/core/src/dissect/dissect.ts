// From a frame's bytes to its layers. Each protocol reads its own header and says who reads on; here is who that is.
//
// One frame stands alone: IP fragments and TCP segments are not put together, nothing is decrypted, and what a segment
// holds is told from its own first bytes. Tunnels are guessed as `wire/decode.ts` guesses them.
import type { Bytes } from '../bytes/read.ts'
import * as ethernet from '../wire/ethernet.ts'
import * as ip4 from '../wire/ip4.ts'
import * as ip6 from '../wire/ip6.ts'
import * as vlan from '../wire/vlan.ts'
import { dissectArp } from './arp.ts'
import { dissectCooked, dissectCooked2 } from './cooked.ts'
import { dissectDns, dissectDnsTcp } from './dns.ts'
import { dissectEthernet, dissectLlc, dissectVlan } from './ethernet.ts'
import { beginsMessage, dissectHttp1 } from './http1.ts'
import { beginsFrames, dissectHttp2 } from './http2.ts'
import { dissectIcmp } from './icmp.ts'
import { dissectIp4 } from './ip4.ts'
import { dissectExtension, dissectIp6 } from './ip6.ts'
import type { Layer } from './layer.ts'
import { dissectCiscoHdlc, dissectLoopback, dissectNflog, dissectPpp, dissectPppoe } from './links.ts'
import { beginsProxyHeader, dissectProxyHeader } from './proxy-header.ts'
import { dissectTcp } from './tcp.ts'
import { beginsRecord, dissectTls } from './tls.ts'
import {
  dissectErspan,
  dissectGeneve,
  dissectGre,
  dissectMpls,
  dissectNsh,
  dissectTzsp,
  dissectVxlan,
} from './tunnels.ts'
import { dissectUdp } from './udp.ts'
import { bytesOf, type Dissected, type Dissector, type Next, type Protocol, raw, Walk } from './walk.ts'

/** Layers of one frame: it may hold thousands of HTTP/2 frames, or tunnels in tunnels. */
const MAX_LAYERS = 128

const DISSECTORS: { readonly [protocol in Protocol]: Dissector } = {
  arp: dissectArp,
  ciscoHdlc: dissectCiscoHdlc,
  cooked: dissectCooked,
  cooked2: dissectCooked2,
  data: dissectData,
  dns: dissectDns,
  dnsTcp: dissectDnsTcp,
  erspan: dissectErspan,
  ethernet: dissectEthernet,
  etherType: (here) => DISSECTORS[byEtherType(here.number)](here),
  extension: dissectExtension,
  fragment: (here) => dissectData(here, 'Fragment of a datagram'),
  geneve: dissectGeneve,
  gre: dissectGre,
  http1: dissectHttp1,
  http2: dissectHttp2,
  icmp: dissectIcmp,
  ip: dissectIp,
  ipProtocol: (here) => DISSECTORS[byIpProtocol(here)](here),
  llc: dissectLlc,
  loopback: dissectLoopback,
  mpls: dissectMpls,
  nflog: dissectNflog,
  nsh: dissectNsh,
  payload: (here) => DISSECTORS[byContent(here)](here),
  ppp: dissectPpp,
  pppoe: dissectPppoe,
  proxy: dissectProxyHeader,
  tcp: dissectTcp,
  tls: dissectTls,
  tzsp: dissectTzsp,
  udp: dissectUdp,
  vlan: dissectVlan,
  vxlan: dissectVxlan,
}

/**
 * The layers of the frame `bytes`, captured on a link of type `linkType` (LINKTYPE_ number), of which `wireLength` bytes
 * were on the wire. In order of their bytes, which do not overlap; a link type that is not known is one layer of data.
 * Never throws.
 */
export function dissect(bytes: Bytes, linkType: number, wireLength: number): Layer[] {
  const wireEnd = Math.max(bytes.length, wireLength)
  const layers: Layer[] = []
  let next: Next | null = {
    protocol: byLinkType(linkType, bytes),
    bytes,
    at: 0,
    end: bytes.length,
    wireEnd,
    number: 0,
    ipVersion: 0,
    isQuoted: false,
    isFragment: false,
  }
  let inner = next
  while (next !== null && (next.at < next.end || next.end < next.wireEnd)) {
    const isLast = layers.length >= MAX_LAYERS
    const read: Dissected = isLast ? dissectData(next, 'More layers') : DISSECTORS[next.protocol](next)
    layers.push(read.layer)
    inner = next
    next = isLast ? null : read.next
  }
  return withTrailer(layers, inner, bytes)
}

/** What lies behind the last layer: read by nobody after a fault, or put there by the link to fill a frame. */
function withTrailer(layers: Layer[], last: Next, bytes: Bytes): Layer[] {
  const end = layers.reduce((most, { at, length }) => Math.max(most, at + length), 0)
  if (end >= bytes.length) return layers
  const isFault = layers.at(-1)?.fault !== null && last.end > end
  const at: Next = { ...last, at: end, end: bytes.length, wireEnd: bytes.length, isQuoted: false }
  layers.push(dissectData(at, isFault ? 'Not decoded' : 'Padding or trailer').layer)
  return layers
}

/** LINKTYPE_ numbers, as in `wire/decode.ts`. */
function byLinkType(linkType: number, bytes: Bytes): Protocol {
  switch (linkType) {
    case 1:
      return 'ethernet'
    case 113:
      return 'cooked'
    case 276:
      return 'cooked2'
    case 101:
    case 12:
    case 14:
    case 228:
    case 229:
      return 'ip'
    case 0:
    case 108:
      return 'loopback'
    case 9:
    case 50:
      return bytes[0] === 0x0f || bytes[0] === 0x8f ? 'ciscoHdlc' : 'ppp'
    case 104:
      return 'ciscoHdlc'
    case 51:
      return 'pppoe'
    case 239:
      return 'nflog'
    default:
      return 'data'
  }
}

function byEtherType(type: number): Protocol {
  if (vlan.isTag(type)) return 'vlan'
  switch (type) {
    case ethernet.IP4:
    case ethernet.IP6:
      return 'ip'
    case ethernet.ARP:
      return 'arp'
    case ethernet.MPLS:
    case ethernet.MPLS_MULTICAST:
      return 'mpls'
    case ethernet.PPPOE_SESSION:
      return 'pppoe'
    case ethernet.PPP:
      return 'ppp'
    case ethernet.TRANSPARENT_ETHERNET:
      return 'ethernet'
    case ethernet.NSH:
      return 'nsh'
    default:
      return 'data'
  }
}

function byIpProtocol({ number, ipVersion }: Next): Protocol {
  if (number === ip6.AUTHENTICATION) return 'extension'
  if (ipVersion === 6 && (ip6.isExtension(number) || number === ip6.FRAGMENT)) return 'extension'
  switch (number) {
    case ip6.TCP:
      return 'tcp'
    case ip6.UDP:
      return 'udp'
    case ip6.ICMP:
      return ipVersion === 4 ? 'icmp' : 'data'
    case ip6.ICMP6:
      return ipVersion === 6 ? 'icmp' : 'data'
    case ip6.IP_IN_IP:
    case ip6.IP6_IN_IP:
      return 'ip'
    case ip6.GRE:
      return 'gre'
    case ip6.MPLS_IN_IP:
      return 'mpls'
    default:
      return 'data'
  }
}

/** What a segment's first bytes look like. */
function byContent({ bytes, at, end }: Next): Protocol {
  if (beginsProxyHeader(bytes, at, end)) return 'proxy'
  if (beginsRecord(bytes, at, end)) return 'tls'
  if (beginsFrames(bytes, at, end)) return 'http2'
  return beginsMessage(bytes, at, end) ? 'http1' : 'data'
}

function dissectIp(here: Next): Dissected {
  const version = here.at < here.end ? ip4.version(here.bytes, here.at) : 0
  if (version === 6) return dissectIp6(here)
  if (version === 4) return dissectIp4(here)
  const w = new Walk(here, 'Internet Protocol')
  w.fault(here.at < here.end ? `version ${version} is neither 4 nor 6` : `${w.cut}: nothing is there`)
  return w.done('')
}

function dissectData(here: Next, name: string = 'Data'): Dissected {
  const w = new Walk(here, name)
  const { left, wireEnd, end } = w
  if (left > 0) w.field('Data', left, raw(left))
  if (wireEnd > end) w.note(`${w.cut}: ${bytesOf(wireEnd - end)} more were on the wire`)
  return w.done(bytesOf(Math.max(0, wireEnd - here.at)))
}
