// When servers close an idle keep-alive connection, and when boxes on the path forget one: hints for an idle gap.
// Values are defaults. Many products share 5, 60 or 3600 s, so a match suggests and never proves.
import { isAbout } from './timers.ts'

export interface Server {
  id: string
  name: string
  /** Idle time after which it sends FIN; null: no limit, no keep-alive, or not known. */
  idleSeconds: number | null
  /** A second value: other releases or ways to run it. */
  alsoSeconds?: number
  /** How late the close may come, where idle connections are only looked for now and then. */
  lateSeconds?: number
  /** Its Server field, a regular expression; null: it sends none, or another product's. */
  server: string | null
}

export interface Middlebox {
  id: string
  name: string
  /** Idle time after which it forgets a TCP flow; null: not known. */
  tcpIdleSeconds: number | null
  /** A packet after that gets a RST from the box; false: silence, or not known. */
  resets: boolean
}

/**
 * Servers that close an idle connection after about this many seconds. With the upstream's Server field, those that it
 * names come alone when any of them fits.
 */
export function serversClosingAfter(seconds: number, server: string | null = null): Server[] {
  const fitting = SERVERS.filter((one) =>
    [one.idleSeconds, one.alsoSeconds].some((idle) => idle && isAbout(seconds, idle, one.lateSeconds ?? 0.5)),
  )
  const named = fitting.filter((one) => server !== null && one.server !== null && new RegExp(one.server).test(server))
  return named.length > 0 ? named : fitting
}

/**
 * Middleboxes whose timer had run out after an idle gap of this many seconds, the longest timer first: a box forgets at
 * its own limit, and the gap is at least that.
 */
export function middleboxesForgettingAfter(seconds: number): Middlebox[] {
  return MIDDLEBOXES.filter((box) => box.tcpIdleSeconds !== null && box.tcpIdleSeconds <= seconds).toSorted(
    (a, b) => (b.tcpIdleSeconds ?? 0) - (a.tcpIdleSeconds ?? 0),
  )
}

// Node.js from 22.19 and 24 on announces 5 s and closes at 6. Tomcat: 20 s in the shipped server.xml, 60 embedded.
export const SERVERS: readonly Server[] = [
  { id: 'nodejs', name: 'Node.js http server', idleSeconds: 5, alsoSeconds: 6, server: null },
  { id: 'fastify', name: 'Fastify', idleSeconds: 72, server: null },
  { id: 'gunicorn', name: 'Gunicorn', idleSeconds: 2, server: '^gunicorn(/|$)' },
  { id: 'uvicorn', name: 'Uvicorn', idleSeconds: 5, server: '^uvicorn$' },
  { id: 'hypercorn', name: 'Hypercorn', idleSeconds: 5, server: '^hypercorn-h(11|2|3)$' },
  { id: 'uwsgi', name: 'uWSGI (http router)', idleSeconds: null, server: null },
  { id: 'waitress', name: 'Waitress', idleSeconds: 120, lateSeconds: 30, server: '^waitress$' },
  { id: 'cheroot', name: 'Cheroot / CherryPy', idleSeconds: 10, server: '^Cheroot/' },
  { id: 'werkzeug', name: 'Werkzeug development server (Flask run)', idleSeconds: null, server: '^Werkzeug/' },
  { id: 'tornado', name: 'Tornado', idleSeconds: 3600, server: '^TornadoServer/' },
  { id: 'aiohttp', name: 'aiohttp web server', idleSeconds: 75, server: null },
  { id: 'daphne', name: 'Daphne', idleSeconds: null, server: '^daphne$' },
  { id: 'granian', name: 'Granian', idleSeconds: null, server: null },
  { id: 'puma', name: 'Puma', idleSeconds: 65, server: null },
  { id: 'unicorn', name: 'Unicorn', idleSeconds: null, server: null },
  { id: 'webrick', name: 'WEBrick', idleSeconds: 30, server: '^WEBrick/' },
  { id: 'passenger', name: 'Phusion Passenger', idleSeconds: null, server: null },
  { id: 'tomcat', name: 'Apache Tomcat', idleSeconds: 20, alsoSeconds: 60, server: null },
  { id: 'jetty', name: 'Eclipse Jetty', idleSeconds: 30, server: '^Jetty\\(' },
  { id: 'undertow', name: 'Undertow / WildFly', idleSeconds: 60, server: null },
  { id: 'vertx', name: 'Vert.x / Quarkus HTTP server', idleSeconds: null, server: null },
  { id: 'cowboy', name: 'Cowboy (Erlang, Phoenix)', idleSeconds: 5, server: '^Cowboy$' },
  { id: 'bandit', name: 'Bandit (Elixir)', idleSeconds: null, server: null },
  { id: 'go-nethttp', name: 'Go net/http server', idleSeconds: null, server: null },
  { id: 'fasthttp', name: 'fasthttp / Fiber', idleSeconds: null, server: '^fasthttp$' },
  { id: 'hyper', name: 'hyper / axum', idleSeconds: 30, server: null },
  { id: 'actix-web', name: 'Actix Web', idleSeconds: 5, server: null },
  { id: 'kestrel', name: 'ASP.NET Core Kestrel', idleSeconds: 130, alsoSeconds: 120, server: '^Kestrel$' },
  { id: 'iis', name: 'IIS', idleSeconds: 120, server: '^Microsoft-IIS/' },
  { id: 'apache', name: 'Apache httpd', idleSeconds: 5, server: '^Apache(/|$| )' },
  { id: 'nginx-as-upstream', name: 'nginx as the upstream', idleSeconds: 75, server: '^nginx(/|$)' },
  { id: 'caddy-as-upstream', name: 'Caddy as the upstream', idleSeconds: 300, server: '^Caddy$' },
  { id: 'lighttpd-as-upstream', name: 'lighttpd as the upstream', idleSeconds: 5, server: '^lighttpd(/|$)' },
  { id: 'varnish-as-upstream', name: 'Varnish as the upstream', idleSeconds: 5, server: null },
  {
    id: 'envoy-as-upstream',
    name: 'Envoy or an Istio sidecar as the upstream',
    idleSeconds: 3600,
    server: '^(istio-)?envoy$',
  },
  { id: 'traefik-as-upstream', name: 'Traefik as the upstream', idleSeconds: 180, server: null },
  { id: 'unit-as-upstream', name: 'NGINX Unit', idleSeconds: 180, server: '^Unit(/|$)' },
  { id: 'php-fpm', name: 'PHP-FPM (FastCGI)', idleSeconds: null, server: null },
  { id: 'spring-boot', name: 'Spring Boot (embedded Tomcat)', idleSeconds: 60, server: null },
]

export const MIDDLEBOXES: readonly Middlebox[] = [
  { id: 'aws-nlb', name: 'AWS Network Load Balancer', tcpIdleSeconds: 350, resets: true },
  { id: 'aws-nat-gateway', name: 'AWS NAT gateway', tcpIdleSeconds: 350, resets: true },
  {
    id: 'aws-security-group',
    name: 'AWS EC2 security-group connection tracking',
    tcpIdleSeconds: 432000,
    resets: false,
  },
  { id: 'aws-network-firewall', name: 'AWS Network Firewall', tcpIdleSeconds: 350, resets: false },
  { id: 'azure-load-balancer', name: 'Azure Load Balancer', tcpIdleSeconds: 240, resets: false },
  { id: 'azure-nat-gateway', name: 'Azure NAT gateway', tcpIdleSeconds: 240, resets: false },
  {
    id: 'aks-load-balancer-outbound',
    name: 'AKS outbound flows through Azure Load Balancer',
    tcpIdleSeconds: 1800,
    resets: false,
  },
  { id: 'gcp-vpc', name: 'Google Cloud VPC connection tracking', tcpIdleSeconds: 600, resets: false },
  { id: 'gcp-cloud-nat', name: 'Google Cloud NAT', tcpIdleSeconds: 1200, resets: false },
  {
    id: 'linux-conntrack',
    name: 'Linux netfilter connection tracking (NAT, kube-proxy iptables, Docker)',
    tcpIdleSeconds: 432000,
    resets: false,
  },
  {
    id: 'linux-ipvs',
    name: 'Linux IPVS (kube-proxy ipvs mode, Docker swarm routing mesh)',
    tcpIdleSeconds: 900,
    resets: false,
  },
  { id: 'cisco-asa', name: 'Cisco ASA', tcpIdleSeconds: 3600, resets: false },
  { id: 'fortigate', name: 'FortiGate', tcpIdleSeconds: 3600, resets: false },
  { id: 'fortiadc', name: 'FortiADC connection tracking', tcpIdleSeconds: 3600, resets: false },
  { id: 'palo-alto', name: 'Palo Alto PAN-OS', tcpIdleSeconds: null, resets: false },
  { id: 'check-point', name: 'Check Point Security Gateway', tcpIdleSeconds: 3600, resets: false },
  { id: 'juniper-srx', name: 'Juniper SRX', tcpIdleSeconds: 1800, resets: false },
  { id: 'stonesoft', name: 'Forcepoint / Stonesoft firewall', tcpIdleSeconds: 1800, resets: false },
  { id: 'f5-fastl4', name: 'F5 BIG-IP FastL4 / TCP profile', tcpIdleSeconds: 300, resets: true },
  { id: 'huawei-elb-tcp', name: 'Huawei Cloud ELB, TCP listener', tcpIdleSeconds: 300, resets: false },
  { id: 'aws-alb-clb', name: 'AWS ALB and Classic ELB as hops', tcpIdleSeconds: 60, resets: false },
  { id: 'gfe-backend', name: 'Google front end to backend', tcpIdleSeconds: 600, resets: false },
  { id: 'cloudflare-origin', name: 'Cloudflare to origin', tcpIdleSeconds: 900, resets: false },
]
