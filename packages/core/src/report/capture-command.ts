// Commands that take a capture: tcpdump, and pktmon for Windows. The one place that makes them; what an incident lacks
// and the plan for somebody who has no capture yet are both written with it.
import type { Vantage } from './document.ts'

/** An address, its port, or both, as far as they are known. */
export interface Peer {
  address: string | null
  port: number | null
}

/**
 * How much of the traffic is kept. `whole`: packets in full, where streams must be read. `headers`: TCP's headers, which
 * show loss, order and closings. `handshakes`: of TCP only SYN, FIN and RST, for a busy host watched for long.
 */
export type Depth = 'whole' | 'headers' | 'handshakes'

/** What to capture, and where. */
export interface CapturePlace {
  vantage: Vantage
  /** Name of the file, without its ending; default: the vantage. */
  name?: string
  /** Whose TCP is wanted; none: everybody's. */
  peers: readonly Peer[]
  /** Name lookups too; a number is the port of a name server that does not listen at 53. */
  names: boolean | number
  depth: Depth
  /** Default: all interfaces, with one clock and both sides of a proxy. */
  interface?: string
  /** Frames carry VLAN tags, as on a mirror port. Only on a named interface: `any` takes tags off. */
  vlan?: boolean
  /** Seconds after which tcpdump stops by itself. */
  seconds?: number
  /** Disk that the ring may take, in MB (10⁶ bytes); default 1000. */
  megabytes?: number
}

/** Ethernet with two VLAN tags (22) or a cooked header (20), IPv6 (40) and the longest TCP header (60). */
const HEADERS = 128
/** Files of a ring: the oldest is overwritten. */
const FILES = 10
const MEGABYTES = 1000
/** Kernel buffer in KiB: the default of 2 MiB drops packets in bursts, and a capture that lost packets proves less. */
const BUFFER = 16_384

/**
 * SYN, FIN or RST is set. libpcap knows `tcp[]` for IPv4 alone, so IPv6 is addressed by bytes: Next Header at 6, and the
 * flags 13 bytes behind the fixed header of 40 (RFC 8200 section 3, RFC 9293 section 3.1).
 */
const HANDSHAKES = '(tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0 or (ip6 and ip6[6] == 6 and ip6[53] & 7 != 0))'

/** Errors about the wanted packets come from any router, and a host without a neighbour sends ARP alone: never narrowed. */
const ALWAYS = 'icmp or icmp6 or arp'

/** The capture filter (pcap-filter syntax) of a place. */
export function captureFilter({ peers, names, depth, vlan, ...place }: CapturePlace): string {
  const tcp = peers.length === 0 ? ['tcp'] : peers.map((peer) => tcpOf(peer))
  const wanted = depth === 'handshakes' ? tcp.map((part) => `${part} and ${HANDSHAKES}`) : tcp
  const parts = wanted.map((part) => (part.includes(' ') ? `(${part})` : part))
  const filter = [...parts, ...(names === false ? [] : [`port ${portOf(names)}`]), ALWAYS].join(' or ')
  // `vlan` moves the offsets of all that stands behind it, so the untagged form comes first.
  return vlan === true && place.interface !== undefined ? `${filter} or (vlan and (${filter}))` : filter
}

const tcpOf = ({ address, port }: Peer): string =>
  ['tcp', ...(address === null ? [] : [`host ${address}`]), ...(port === null ? [] : [`port ${port}`])].join(' and ')

const portOf = (names: number | true): number => (names === true ? 53 : names)

/** Where tcpdump writes; a ring appends a digit. It may write there as well where root gives up its rights first. */
export const captureFile = ({ vantage, name = vantage }: CapturePlace): string => `/var/tmp/${name}.pcap`

/** tcpdump into a ring of files. */
export function tcpdumpCommand(place: CapturePlace): string {
  const { depth, seconds, megabytes = MEGABYTES } = place
  return [
    ...(seconds === undefined ? [] : [`timeout ${seconds}`]),
    `tcpdump -i ${place.interface === undefined ? 'any' : quoted(place.interface)}`,
    `-s ${depth === 'whole' ? 0 : HEADERS} -B ${BUFFER} -C ${Math.max(1, Math.ceil(megabytes / FILES))} -W ${FILES}`,
    `-w ${captureFile(place)} '${captureFilter(place)}'`,
  ].join(' ')
}

const quoted = (name: string): string => (/^[\w.:@-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`)

/** pktmon takes this many filters; a packet has to match one of them. */
const MOST_FILTERS = 32

/**
 * pktmon, which Windows brings along from Server 2022 and Windows 10 2004 on: what starts it, and what stops it and makes
 * a pcapng of its log. Only at network cards, or every packet would be there once for each layer of the stack. It cannot
 * filter by flags.
 */
export function pktmonCommands({ vantage, name = vantage, peers, names, depth, megabytes = MEGABYTES }: CapturePlace): {
  start: string[]
  stop: string[]
} {
  const tcp = peers.map(({ address, port }) =>
    [...(address === null ? [] : [` -i ${address}`]), ...(port === null ? [] : [` -p ${port}`])].join(''),
  )
  const filters = [
    ...(tcp.length === 0 || tcp.length > MOST_FILTERS - 4 ? [''] : tcp).map((peer, i) => `tcp${i + 1} -t TCP${peer}`),
    ...(names === false ? [] : [`names -p ${portOf(names)}`]),
    'icmp -t ICMP',
    'icmp6 -t ICMPv6',
    'arp -d ARP',
  ]
  const size = depth === 'whole' ? 0 : HEADERS
  return {
    start: [
      'pktmon filter remove',
      ...filters.map((filter) => `pktmon filter add ${filter}`),
      `pktmon start --capture --comp nics --pkt-size ${size} --file-name ${name}.etl --file-size ${megabytes} --log-mode circular`,
    ],
    stop: ['pktmon stop', `pktmon etl2pcap ${name}.etl --out ${name}.pcapng`],
  }
}
