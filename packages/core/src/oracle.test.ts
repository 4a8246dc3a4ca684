// A second opinion on real captures of all kinds: what tshark counts in them (oracle.json) against what `observe` counts.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { nobleCrypto } from './app/tls/crypto-noble.ts'
import type { TlsFacts } from './app/tls/facts.ts'
import { parseKeyLog } from './app/tls/keylog.ts'
import { alertName, versionName } from './app/tls/names.ts'
import type { Bytes } from './bytes/read.ts'
import { connectionsOf } from './observe/connection-table.ts'
import type { Connection, Exchange, ExchangeProtocol, Observations } from './observe/observations.ts'
import { observe } from './observe/observe.ts'

const FOLDER = fileURLToPath(new URL('../../../../shared/thirdparty/', import.meta.url))
const isThere = existsSync(`${FOLDER}oracle.json`)
if (!isThere) console.warn(`SKIPPED: no third-party captures in ${FOLDER}, nobody gives a second opinion`)

/** Where a file's counts differ from tshark's, and why. What is named must differ, all else must agree. */
const EXPLAINED: Record<string, { differs: (keyof Counts)[]; because: string }> = {
  // Link types and formats that are not read.
  'arkime__80211http.pcap': {
    differs: ['connections', 'syn', 'synAck', 'requests', 'statuses'],
    because: '802.11 is not decoded',
  },
  'packetnet__Test__CaptureFiles__80211_qos_data_frame_ipv4_tcp.pcap': {
    differs: ['connections'],
    because: '802.11 is not decoded',
  },
  'libpcap__filter__http_PPI.pcap': { differs: ['connections', 'syn'], because: 'PPI is not decoded' },
  'PcapPlusPlus__solaris.snoop': { differs: ['frames', 'first', 'last', 'connections'], because: 'snoop is not read' },
  // HTTP inside of something else.
  'arkime__socks-http-example.pcap': { differs: ['requests', 'statuses'], because: 'HTTP in SOCKS' },
  'suricata-verify__filestore-5408__input.pcap': {
    differs: ['connections', 'synAck', 'requests', 'statuses'],
    because: 'tshark also counts packets sampled in sFlow and quoted in ICMP',
  },
  'arkime__https-connect.pcap': {
    differs: ['clientHellos', 'serverHellos'],
    because: 'TLS in a tunnel of CONNECT',
  },
  // TLS.
  'pcapFS__crypto__all_ciphers_test__all_ciphers.pcap': {
    differs: ['requests', 'statuses'],
    because: 'RC4 is not opened; tshark misses responses that the end of the connection ends',
  },
  'pcapFS__system__system-tests.pcap': {
    differs: ['last', 'requests', 'statuses'],
    because: 'RC4 is not opened; 16 years in nanoseconds are more than a number holds exactly',
  },
  'snet__decrypt_by_keylog__tls1_1.pcap': {
    differs: ['requests'],
    because: 'tshark expects no HTTP in TLS on port 8443',
  },
  'suricata-verify__tls__tls13-draft22__tls13_draft22.pcap': {
    differs: ['serverHellos'],
    because: 'a draft of TLS 1.3 is 0x7f16 for tshark',
  },
  'zeek__tls__https-to-http.pcap': { differs: ['clientHellos'], because: 'tshark expects no TLS on port 80' },
  // HTTP/2.
  'arkime__http2-nghttp2.pcap': { differs: ['http2Statuses'], because: 'a pushed response is no answer to a request' },
  // Times.
  'pcapng-test-generator__output_be__advanced__test101.pcapng': {
    differs: ['first'],
    because: 'a simple packet has no time, which is read as 1970',
  },
  'pcapng-test-generator__output_be__difficult__test201.pcapng': {
    differs: ['first'],
    because: 'a simple packet has no time, which is read as 1970',
  },
  'pcapng-test-generator__output_le__difficult__test201.pcapng': {
    differs: ['first'],
    because: 'a simple packet has no time, which is read as 1970',
  },
  'PcapPlusPlus__fuzz__clusterfuzz-testcase-minimized-FuzzTarget-5669109772845056.pcap': {
    differs: ['first', 'last'],
    because: 'tshark does not carry over a million microseconds',
  },
  'PcapPlusPlus__fuzz__clusterfuzz-testcase-minimized-FuzzTarget-5696447256461312.pcap': {
    differs: ['last'],
    because: 'tshark does not carry over a million microseconds',
  },
  'PcapPlusPlus__fuzz__clusterfuzz-testcase-minimized-FuzzTarget-5723611632762880.pcap': {
    differs: ['first', 'last'],
    because: 'tshark does not carry over a million microseconds',
  },
  'PcapPlusPlus__fuzz__clusterfuzz-testcase-minimized-FuzzTarget-5766939894087680.pcap': {
    differs: ['first', 'last'],
    because: 'tshark does not carry over a million microseconds',
  },
  'suricata-verify__bug-6875-01__fuzz.pcap': {
    differs: ['frames', 'first'],
    because: 'tshark takes a damaged record header for a frame',
  },
  // Broken or incomplete HTTP.
  'PcapPlusPlus__fuzz__clusterfuzz-testcase-minimized-FuzzTarget-5755755617189888.pcap': {
    differs: ['requests'],
    because: 'tshark takes noise that begins with PUT for a request',
  },
  'PcapPlusPlus__HttpMalformedResponse.pcapng': {
    differs: ['statuses'],
    because: 'tshark does not read a malformed status line, of which we keep the status',
  },
  'suricata-verify__http-evader__http-evader-489__input.pcap': {
    differs: ['statuses'],
    because: 'tshark gives up at an empty line before the status line',
  },
  'zeek__http__methods.pcap': { differs: ['requests'], because: 'tshark takes the method of malformed request lines' },
  'PcapPlusPlus__650HttpResponses.pcap': {
    differs: ['statuses'],
    because: 'responses only, bodies cut: tshark takes some for the rest of a body',
  },
  'PcapPlusPlus__Tests__ExamplesTest__pcap_examples__many-protocols.pcap': {
    differs: ['statuses'],
    because: 'tshark counts where bodies end, and two (a 200 and a 302) do not',
  },
  'PcapPlusPlus__unidirectional_tcp_stream_with_missing_packet.pcap': {
    differs: ['requests'],
    because: 'two requests, one with a hole, where tshark waits for the missing segment',
  },
}

interface Oracle {
  file: string
  packets: number
  min_ts: string | null
  max_ts: string | null
  tcp: { streams_outside_icmp_errors: number; syn_only: number; synack: number; rst: number; fin: number }
  http1: { request_list: [frame: number, method: string, target: string][]; response_list: [frame: number, number][] }
  http2: { request_list: [frame: number, method: string][]; status_list: [frame: number, number][] }
  tls: {
    client_hello: number
    versions: Record<string, number>
    sni: [frame: number, name: string][]
    alerts: [frame: number, level: string, number, name: string][]
  }
}

/** What is compared: one line a fact, so that a difference reads by itself. */
interface Counts {
  frames: number
  first: string | null
  last: string | null
  connections: number
  syn: number
  synAck: number
  rst: number
  fin: number
  requests: string
  statuses: string
  http2Requests: string
  http2Statuses: string
  clientHellos: number
  /** Versions that servers chose, a HelloRetryRequest being a ServerHello. */
  serverHellos: string
  serverNames: string
  /** Alerts that could be read. */
  alerts: string
}

function counted({ packets, min_ts, max_ts, tcp, http1, http2, tls }: Oracle): Counts {
  return {
    frames: packets,
    first: min_ts,
    last: max_ts,
    connections: tcp.streams_outside_icmp_errors,
    syn: tcp.syn_only,
    synAck: tcp.synack,
    rst: tcp.rst,
    fin: tcp.fin,
    requests: tally(http1.request_list.map(([, method]) => method)),
    statuses: tally(http1.response_list.map(([, status]) => status).filter(isFinal)),
    http2Requests: tally(http2.request_list.map(([, method]) => method)),
    http2Statuses: tally(http2.status_list.map(([, status]) => status).filter(isFinal)),
    clientHellos: tls.client_hello,
    serverHellos: tally(Object.entries(tls.versions).flatMap(([name, n]) => Array.from({ length: n }, () => name))),
    serverNames: tally(tls.sni.map(([, name]) => name)),
    alerts: tally(tls.alerts.map(([, level, , name]) => `${level} ${name}`)),
  }
}

function observed(observations: Observations): Counts {
  const { epoch, frames, first, last, counts } = observations
  const connections = connectionsOf(observations)
  const http1 = exchangesIn('http1', connections)
  const http2 = exchangesIn('http2', connections)
  const sessions = connections.flatMap(({ tls }): TlsFacts[] => (tls === null ? [] : [tls]))
  const clientHellos = sessions.flatMap(({ clientHello, secondClientHello }) =>
    present([clientHello, secondClientHello]),
  )
  const serverHellos = sessions.flatMap(({ helloRetryRequest, serverHello }) =>
    present([helloRetryRequest, serverHello]),
  )
  const alerts = sessions.flatMap((session) => session.alerts.filter(({ level }) => level >= 0))
  return {
    frames,
    first: frames === 0 ? null : timeText(epoch, first),
    last: frames === 0 ? null : timeText(epoch, last),
    connections: connections.length,
    syn: counts.syn - counts.synAck,
    synAck: counts.synAck,
    rst: counts.rst,
    fin: counts.fin,
    requests: tally(http1.map(({ method }) => method).filter((method) => method !== '')),
    statuses: tally(http1.map(({ status }) => status).filter(isFinal)),
    http2Requests: tally(http2.map(({ method }) => method).filter((method) => method !== '')),
    http2Statuses: tally(http2.map(({ status }) => status).filter(isFinal)),
    clientHellos: clientHellos.length,
    serverHellos: tally(serverHellos.map(({ version }) => versionName(version).replace(' ', ''))),
    serverNames: tally(present(clientHellos.map(({ serverName }) => serverName))),
    alerts: tally(alerts.map(({ level, description }) => `${LEVELS[level]} ${alertName(description)}`)),
  }
}

/** RFC 8446 section 6. */
const LEVELS: Record<number, string> = { 1: 'warning', 2: 'fatal' }

const exchangesIn = (protocol: ExchangeProtocol, connections: readonly Connection[]): Exchange[] =>
  connections.flatMap((c) => c.exchanges.filter((x) => x.protocol === protocol))

const present = <T>(values: (T | null)[]): T[] => values.filter((value) => value !== null)

/** Of a response's statuses an exchange keeps the final one; RFC 9110 section 15.2. 101 ends HTTP/1.1, so it is final. */
const isFinal = (status: number): boolean => status === 101 || status >= 200

/** 'GET 3, POST 1' */
function tally(values: (string | number)[]): string {
  const counts = new Map<string | number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const lines = [...counts].map(([value, count]) => `${value} ${count}`)
  return lines.toSorted().join(', ')
}

function timeText(epoch: number, time: number): string {
  const seconds = Math.floor(time / 1e9)
  return `${epoch + seconds}.${String(time - seconds * 1e9).padStart(9, '0')}`
}

async function* chunks(bytes: Bytes): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007)
}

async function* gzip(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  const parts: Bytes[] = []
  for await (const chunk of source) parts.push(chunk.slice())
  yield gunzipSync(Buffer.concat(parts))
}

function observeFile(file: string, keyLog: string | undefined): Promise<Observations> {
  const input = { file, open: () => chunks(readFileSync(FOLDER + file)) }
  const keys = parseKeyLog(keyLog === undefined ? '' : readFileSync(FOLDER + keyLog, 'latin1'))
  return observe([input], { decompression: { gzip }, keys, crypto: nobleCrypto })
}

/** A file of the manifest; tshark had the key log that is named. */
interface Listed {
  file: string
  keylog?: string
}

const read = <T>(name: string): T => JSON.parse(isThere ? readFileSync(FOLDER + name, 'utf8') : '{"files":[]}') as T

describe.skipIf(!isThere)('tshark counts the same', () => {
  const { files } = read<{ files: Oracle[] }>('oracle.json')
  const keyLogs = new Map(read<{ files: Listed[] }>('MANIFEST.json').files.map(({ file, keylog }) => [file, keylog]))

  test.each(files.map((row) => [row.file, row] as const))('%s', async (file, row) => {
    const [ours, theirs] = [observed(await observeFile(file, keyLogs.get(file))), counted(row)]
    const { differs, because } = EXPLAINED[file] ?? { differs: [], because: '' }
    const facts = (Object.keys(theirs) as (keyof Counts)[]).filter((fact) => ours[fact] !== theirs[fact])
    const unexplained = facts.filter((fact) => !differs.includes(fact))
    expect(unexplained.map((fact) => `${fact}: ${ours[fact]}; tshark: ${theirs[fact]}`).join('\n')).toBe('')
    expect(facts.toSorted(), `explained by: ${because}`).toEqual(differs.toSorted())
  })

  test('every explanation is of a file that is there', () => {
    const names = new Set(files.map(({ file }) => file))
    expect(Object.keys(EXPLAINED).filter((file) => !names.has(file))).toEqual([])
  })
})
