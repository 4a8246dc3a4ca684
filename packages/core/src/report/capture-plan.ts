// What to run, and where, for somebody who has no capture yet: both sides of the proxy, and every host that is known.
import { formatEndpoint } from '../bytes/address.ts'
import {
  captureFile,
  type CapturePlace,
  type Depth,
  type Peer,
  pktmonCommands,
  tcpdumpCommand,
} from './capture-command.ts'
import { keyLogAdvice } from './key-log.ts'

/** A host that takes part. */
export type HostRole = 'proxy' | 'upstream' | 'client'

export interface CapturePlanOptions {
  /** Where the proxy listens. */
  proxy: PlanEndpoint
  /** What it connects to; at least one. */
  upstreams: readonly PlanEndpoint[]
  clients?: readonly PlanEndpoint[]
  /** What the proxy asks for names. */
  nameServer?: PlanEndpoint | null
  /** Of the proxy's host; default: all. */
  interface?: string
  /** That interface carries VLAN tags. */
  vlan?: boolean
  seconds?: number
  /** Disk for each capture, in MB. */
  megabytes?: number
  /** Default: whole packets. */
  depth?: Depth
  /** Hosts that run Windows. */
  windows?: readonly HostRole[]
}

/** Port null: not known, or of no interest. */
export interface PlanEndpoint {
  address: string
  port: number | null
}

export interface PlanStep {
  title: string
  /** Address of the host to run it on; null: on every one, or on one's own. */
  host: string | null
  why: string
  /** One line each, in order; none where there is nothing to copy. */
  commands: string[]
}

export interface CapturePlan {
  schema: 'pcap-surgery/capture-plan@1'
  steps: PlanStep[]
}

/** A host with what is captured on it. */
interface Host {
  role: HostRole
  address: string
  place: CapturePlace
  why: string
}

/** The steps in the order in which one takes them. */
export function capturePlan(options: CapturePlanOptions): CapturePlan {
  const { windows = [], seconds } = options
  const hosts = hostsOf(options)
  const isWindows = ({ role }: Host): boolean => windows.includes(role)
  const starts = hosts.map((host): PlanStep => ({
    title: `Start the capture on the ${host.role}`,
    host: host.address,
    why: host.why,
    commands: isWindows(host) ? pktmonCommands(host.place).start : [tcpdumpCommand(host.place)],
  }))
  const stops = hosts.map((host): PlanStep => {
    const { start: _, stop } = pktmonCommands(host.place)
    const isTimed = seconds !== undefined && !isWindows(host)
    return {
      title: `Stop the capture on the ${host.role}`,
      host: host.address,
      why: isTimed
        ? `It stops by itself after ${seconds} s; sooner by Ctrl-C.`
        : 'Soon after it has happened: a ring overwrites its oldest packets.',
      commands: isWindows(host) ? stop : ['pkill -INT -x tcpdump'],
    }
  })
  const gathered = hosts.map((host) => (isWindows(host) ? `${host.place.name}.pcapng` : `${host.place.name}.pcap*`))
  const copies = hosts.map((host, i) => {
    const file = isWindows(host) ? gathered[i] : `${captureFile(host.place)}*`
    return `scp '${host.address.includes(':') ? `[${host.address}]` : host.address}:${file}' .`
  })
  return {
    schema: 'pcap-surgery/capture-plan@1',
    steps: [
      clocks(windows),
      keyLog(),
      ...starts,
      {
        title: 'Let it happen',
        host: null,
        why: 'A few requests that go well, before and after, are worth as much as the one that fails: they show what is usual.',
        commands: [],
      },
      ...stops,
      {
        title: 'Gather the files',
        host: null,
        why: 'They hold what users sent: keep them where they may be, and delete them afterwards.',
        commands: copies,
      },
      {
        title: 'Diagnose them together',
        host: null,
        why: 'In any order, the parts of a ring as they are; with --keys FILE for each key log.',
        commands: [`pcap-surgery diagnose ${gathered.join(' ')}`],
      },
    ],
  }
}

/** The far ends first, so that they run when the proxy's capture begins. */
function hostsOf(options: CapturePlanOptions): Host[] {
  const { proxy, upstreams, clients = [], nameServer = null, depth = 'whole', seconds, megabytes } = options
  const common = {
    depth,
    ...(seconds === undefined ? {} : { seconds }),
    ...(megabytes === undefined ? {} : { megabytes }),
  }
  const names = nameServer === null ? true : (nameServer.port ?? true)
  // What runs on the proxy's own host is in its capture.
  const isLocal = ({ address }: PlanEndpoint): boolean => address === proxy.address || /^(127\.|::1$)/.test(address)
  const addresses = [...new Set(upstreams.filter((one) => !isLocal(one)).map(({ address }) => address))]
  return [
    ...addresses.map((address): Host => ({
      role: 'upstream',
      address,
      place: { vantage: 'upstream', name: fileName('upstream', address), peers: [], names: true, ...common },
      why: 'Shows what arrives, what is sent, and whom the upstream itself waits for; so all of its TCP.',
    })),
    ...clients
      .filter((one) => !isLocal(one))
      .map(({ address }): Host => ({
        role: 'client',
        address,
        place: { vantage: 'client', name: fileName('client', address), peers: [proxy], names: true, ...common },
        why: 'Shows what the client got, and when, beyond whatever stands in front of the proxy.',
      })),
    {
      role: 'proxy',
      address: proxy.address,
      place: {
        vantage: 'proxy-back',
        name: 'proxy',
        peers: [own(proxy), ...upstreams],
        names,
        ...(options.interface === undefined ? {} : { interface: options.interface }),
        ...(options.vlan === undefined ? {} : { vlan: options.vlan }),
        ...common,
      },
      why: `Shows both sides on one clock: clients of ${endpoint(proxy)}, tries at ${upstreams.map((one) => endpoint(one)).join(', ')}, lookups, ICMP and ARP. If there is to be one capture only, then this.`,
    },
  ]
}

/** A host may know its own address by another name (containers, translation, balancers); its port less often. */
const own = ({ address, port }: PlanEndpoint): Peer => (port === null ? { address, port } : { address: null, port })

const endpoint = ({ address, port }: PlanEndpoint): string => (port === null ? address : formatEndpoint(address, port))

const fileName = (role: HostRole, address: string): string => `${role}-${address.replaceAll(':', '-')}`

const clocks = (windows: readonly HostRole[]): PlanStep => ({
  title: 'Check the clocks',
  host: null,
  why: 'On every host. Captures are aligned by what they share; clocks that keep time help where they share little.',
  commands: [
    'chronyc tracking || timedatectl timesync-status',
    ...(windows.length > 0 ? ['w32tm /query /status'] : []),
  ],
})

const keyLog = (): PlanStep => ({
  title: 'Have a key log written, where a leg speaks TLS',
  host: null,
  why: `Without one, handshakes, sizes and times are read. ${keyLogAdvice('upstream', null)} Of the client leg, curl’s and browsers’ (SSLKEYLOGFILE) does.`,
  commands: [],
})
