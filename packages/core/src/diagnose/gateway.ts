// Which product made the client's error answer.
import { type GatewayIdentity, identifyGateway } from '../gateways/identify.ts'
import type { Exchange, ExchangeProtocol } from '../observe/observations.ts'
import { clientView, frontOf, type Request, serverView, type Story } from '../story/story.ts'

/** The product behind the answer that the client got; null when nothing tells. */
export function gatewayOf(request: Request | null): GatewayIdentity | null {
  if (request === null) return null
  const { exchange } = serverView(request.turn)
  const detail = exchange.detail ?? clientView(request.turn).exchange.detail
  if (detail === null || exchange.status === 0) return null
  const fields = new Map(detail.responseFields)
  return identifyGateway({
    status: exchange.status,
    reason: detail.reason,
    field: (name) => fields.get(name) ?? null,
    body: detail.body,
    version: detail.responseVersion,
  })
}

const ownPages = new WeakMap<Story, ReadonlySet<string>>()

/** Endpoints that are known to be a proxy's: requests were seen passed on, or it answered with a gateway's own page. */
export function frontsOf(story: Story): ReadonlySet<string> {
  let fronts = ownPages.get(story)
  if (fronts === undefined) {
    const own = story.requests.filter((request) => gatewayOf(request)?.own === true)
    fronts = new Set([...story.proxies.map((proxy) => proxy.front), ...own.map((request) => frontOf(request))])
    ownPages.set(story, fronts)
  }
  return fronts
}

/** Fields by which a request says that a proxy sent it. */
const FORWARDED: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'forwarded',
  'via',
  'x-real-ip',
  'x-varnish',
  'x-forwarded-host',
  'x-forwarded-proto',
])

/** Protocols that nobody but a gateway asks in. */
const OF_GATEWAYS: ReadonlySet<ExchangeProtocol> = new Set<ExchangeProtocol>(['fastcgi', 'uwsgi', 'scgi', 'ajp'])

/** Whether an exchange stands on an upstream leg, by its protocol or its own request's word. */
export const isForwarded = ({ protocol, detail }: Exchange): boolean =>
  OF_GATEWAYS.has(protocol) || (detail?.requestFields ?? []).some(([name]) => FORWARDED.has(name))

/** Whether a request came from a proxy, by what it says or by where it was captured. */
export function isBehindProxy(story: Story, { turn }: Request): boolean {
  const { sighting, exchange } = serverView(turn)
  const { vantages } = story.captures[sighting.capture]
  return isForwarded(exchange) || vantages.includes('proxy-back') || vantages.includes('upstream')
}
