// The story that most tests tell: a client asks a proxy, the proxy tries upstreams, the client gets an answer.
import { request, response } from './http.ts'
import { network, type Network } from './network.ts'
import type { Host } from './side.ts'
import type { Tcp, TcpSetup } from './tcp.ts'
import type { Bytes } from './bytes.ts'

export interface GatewayScenario {
  /** Request line without version; 'GET /report'. */
  ask?: string
  body?: string
  /**
   * What the proxy does at upstreams, one after another, each on a connection of its own: attempt n goes to 10.1.0.(2+n)
   * port 8080. `request` is the request as the proxy forwards it.
   */
  attempts: ((upstream: Tcp, request: string, net: Network) => unknown)[]
  /** What the client gets: a status of the proxy's own making, text as it stands, or nothing with what happens instead. */
  answer: number | string | ((client: Tcp) => unknown)
  /** Server header of the proxy's own answers; 'nginx/1.27.0'. */
  server?: string
  /** The first upstream connection has carried an exchange that went well, this many seconds before: no handshake. */
  idleSeconds?: number
  client?: TcpSetup
  upstream?: TcpSetup
  /** Runs first, for ARP, DNS or traffic before. */
  before?: (net: Network) => unknown
}

export interface GatewayStory {
  net: Network
  hosts: { client: Host; front: Host; back: Host; upstreams: Host[] }
  client: Tcp
  attempts: Tcp[]
  /** Captures of the proxy's two sides, and of both in one file. */
  front: Bytes
  back: Bytes
  both: Bytes
}

/** Vantages: client, proxy-front, proxy-back, upstream. Ask `net.capture` for other captures of the same story. */
export function gateway(scenario: GatewayScenario): GatewayStory {
  const { ask = 'GET /report', body = '', answer, server = 'nginx/1.27.0', idleSeconds } = scenario
  const net = network()
  const hosts = {
    client: net.host('client', '10.0.0.2'),
    front: net.host('proxy-front', '10.0.0.1'),
    back: net.host('proxy-back', '10.1.0.1'),
    upstreams: scenario.attempts.map((_, n) => net.host('upstream', `10.1.0.${2 + n}`)),
  }
  scenario.before?.(net)
  const client = net.tcp(hosts.client, hosts.front, 80, scenario.client).handshake()
  const attempts = hosts.upstreams.map((upstream) => net.tcp(hosts.back, upstream, 8080, scenario.upstream))

  if (idleSeconds !== undefined && attempts[0]) {
    client.send('>', request('GET /before'))
    attempts[0].handshake().send('>', forwarded('GET /before')).wait(0.01).send('<', response(200, 'fine'))
    client.send('<', response(200, 'fine', { Server: server })).wait(idleSeconds)
  }

  client.send('>', request(ask, {}, body))
  for (const [n, attempt] of scenario.attempts.entries()) attempt(attempts[n]!, forwarded(ask, body), net)
  if (typeof answer === 'function') answer(client)
  else client.send('<', typeof answer === 'number' ? errorPage(answer, server) : answer)

  const [front, back] = [net.capture('proxy-front'), net.capture('proxy-back')]
  return { net, hosts, client, attempts, front, back, both: net.capture(['proxy-front', 'proxy-back']) }
}

const forwarded = (line: string, body = ''): string => request(line, { 'X-Forwarded-For': '10.0.0.2' }, body)
const errorPage = (status: number, server: string): string =>
  response(status, `<html><title>${status}</title><center>${server}</center></html>\r\n`, { Server: server })
