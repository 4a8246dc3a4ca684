// On which side of the proxy a conversation is.
import { frontsOf, isForwarded } from '../../diagnose/gateway.ts'
import { type Conversation, nearClient, type Story, type Try, type Turn } from '../../story/story.ts'
import type { DiagnosisDocument, Vantage } from '../document.ts'

/** Up to the proxy that the client knows, or behind it; null where nothing tells. */
export type HarLeg = 'client' | 'upstream' | null

/** Tells the leg of each exchange of a story, of which `document` is the diagnosis. */
export function legsOf(story: Story, { incidents, masked }: DiagnosisDocument): (turn: Turn) => HarLeg {
  const tried = conversationsOf(story.requests.flatMap(({ tries }) => tries))
  const strays = conversationsOf(story.strays)
  const failed = [...incidents, ...masked]
  const fronts = new Set([...frontsOf(story), ...failed.map(({ proxyFront }) => proxyFront)])
  const upstreams = new Set(failed.flatMap(({ attempts }) => attempts.map(({ upstream }) => upstream)))
  return ({ conversation, views }) => {
    const { capture, connection } = nearClient(conversation)
    const { server, clientAddress } = connection
    // Between two proxies of a chain it is the upstream leg of the first.
    const isFromProxy = story.proxies.some(({ front, backs }) => front !== server && backs.includes(clientAddress))
    if (tried.has(conversation) || isFromProxy) return 'upstream'
    if (fronts.has(server)) return 'client'
    if (strays.has(conversation) || upstreams.has(server)) return 'upstream'
    if (views.some((view) => view !== null && isForwarded(view))) return 'upstream'
    const { vantages, supposed } = story.captures[capture]!
    return legAt(vantages.length > 0 ? vantages : supposed)
  }
}

const conversationsOf = (tries: readonly Try[]): ReadonlySet<Conversation | null> =>
  new Set(tries.map(({ conversation }) => conversation))

function legAt(vantages: readonly Vantage[]): HarLeg {
  if (vantages.length === 0) return null
  if (vantages.every((vantage) => vantage === 'client' || vantage === 'proxy-front')) return 'client'
  return vantages.every((vantage) => vantage === 'proxy-back' || vantage === 'upstream') ? 'upstream' : null
}
