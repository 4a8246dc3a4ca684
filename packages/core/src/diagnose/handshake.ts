// What is asked of the TLS handshake of a try by several causes: how far it came, which alert ended it and who sent it,
// whether the other side had agreed, and what other handshakes with the same server say.
//
// Who closed is told by packets, not by the session: its streams end in the order in which they were read.
import type { ClientHello, HandshakeMessage, TlsAlert, TlsFacts } from '../app/tls/facts.ts'
import { CLIENT, type Moment, SERVER } from '../observe/observations.ts'
import type { FrameRef } from '../report/document.ts'
import { nearClient, type Story } from '../story/story.ts'
import { conversationsWith } from './by-endpoint.ts'
import { ALERT } from './tls-alerts.ts'
import type { Facts } from './facts.ts'
import { perStory } from './remember.ts'
import { frameRef } from './view.ts'

export const TLS_1_3 = 0x0304

/** One host that acts on what it has just got, checks of revocation and a slow key included. */
const AT_ONCE_NS = 0.5e9

export interface Handshake {
  tls: TlsFacts
  /** The one that counts: the second, where a HelloRetryRequest asked for it. */
  hello: ClientHello
  /** TLS 1.3 was chosen, or is hoped for while nothing is. */
  isTls13: boolean
  /** What ended it, or the connection behind it: the first alert, FIN or RST; null where nothing did. */
  ending: Ending | null
  /** The upstream had said nothing before the end: that answers the ClientHello alone. */
  answersHello: boolean
  /** The proxy had sent nothing behind the first that the upstream said: the handshake had certainly not gone on. */
  isHalfway: boolean
  /** The capture lacks bytes of the connection, or cuts packets: messages that it does not show may have been sent. */
  isPatchy: boolean
  /** The server has shown who it is: its flight is whole, or as far as a Finished told by size. */
  serverFlight: HandshakeMessage | null
  /** Last message of the client's flight behind the server's. */
  clientFlight: HandshakeMessage | null
  /** Both sides are through, and the server has shown that it agrees. */
  agreed: boolean
}

export interface Ending {
  by: 'proxy' | 'upstream'
  how: 'alert' | 'FIN' | 'RST'
  /** Story time. */
  at: number
  moment: Moment
  /** Null where there was none; description -1 where it is encrypted. */
  alert: TlsAlert | null
}

/** One that an alert ended. */
export type EndingAlert = Ending & { alert: TlsAlert }
export const isAlert = (ending: Ending | null): ending is EndingAlert => ending !== null && ending.alert !== null

/** The handshake that a try failed in, or right behind; null where there was none, or something was answered behind it. */
export function handshakeOf(facts: Facts): Handshake | null {
  const { connection } = facts.near
  const { tls } = connection
  const hello = tls?.secondClientHello ?? tls?.clientHello ?? null
  if (tls === null || hello === null || tls.foreign[SERVER] !== null) return null
  if (connection.exchanges.some((exchange) => exchange.response.frame >= 0)) return null
  const isTls13 = (tls.serverHello?.version ?? hello.version) >= TLS_1_3
  const serverFlight = endOfServerFlight(tls, isTls13)
  const ending = endingOf(facts, tls, isTls13)
  return {
    tls,
    hello,
    isTls13,
    ending,
    answersHello: tls.serverHello === null && !spokeBefore(facts, ending),
    isHalfway: isHalfway(facts, ending),
    isPatchy: isPatchy(facts),
    serverFlight,
    clientFlight: serverFlight === null ? null : endOfClientFlight(tls),
    agreed: hasAgreed(tls, isTls13),
  }
}

function spokeBefore({ near: { connection, packets } }: Facts, ending: Ending | null): boolean {
  const { missing } = connection.sides[SERVER]
  if (missing > 0 || (ending?.alert?.from === SERVER && ending.alert.at.offset > 0)) return true
  const frame = ending?.moment.frame ?? Infinity
  return packets.some((p) => p.from === SERVER && p.length > 0 && p.frame < frame)
}

function isHalfway({ near: { connection, packets } }: Facts, ending: Ending | null): boolean {
  const first = packets.find((p) => p.from === SERVER && p.length > 0)
  const frame = ending?.moment.frame ?? Infinity
  const answered = packets.some(
    (p) => p.from === CLIENT && p.length > 0 && first !== undefined && p.frame > first.frame && p.frame < frame,
  )
  return !answered && connection.sides[CLIENT].missing === 0
}

function isPatchy({ story, near: { capture, connection } }: Facts): boolean {
  const { counts } = story.captures[capture].observations
  return counts.cutBySnapLength > 0 || connection.sides.some(({ missing }) => missing > 0)
}

/**
 * Warnings end nothing up to TLS 1.2; in TLS 1.3 the level says nothing (RFC 8446 section 6). Whoever goes on with the
 * handshake behind an alert ended nothing either.
 */
function isEnding({ from, level, description, after }: TlsAlert, tls: TlsFacts, isTls13: boolean): boolean {
  if (description === ALERT.closeNotify || description === ALERT.userCanceled) return false
  if (tls.messages.slice(after).some((message) => message.from === from)) return false
  return level === 2 || description < 0 || (isTls13 && tls.serverHello !== null)
}

function endingOf({ near, gaveUp, closings, delivery }: Facts, tls: TlsFacts, isTls13: boolean): Ending | null {
  const alerts = tls.alerts
    .filter((a) => isEnding(a, tls, isTls13))
    .map((alert): Ending => {
      const by = alert.from === CLIENT ? 'proxy' : 'upstream'
      return { by, how: 'alert', at: near.at(alert.at), moment: alert.at, alert }
    })
  // One that acknowledges a byte more than was sent answers a FIN of the proxy's that the capture missed.
  const closes = closings
    .filter(({ by, packet }) => by === 'proxy' || delivery === null || packet.ack !== delivery.to + 1)
    .map(({ by, kind, packet }): Ending => ({ by, how: kind, at: packet.time, moment: packet, alert: null }))
  // What came from the upstream when the proxy had given up ended nothing; the proxy may answer first, and then leave.
  const ended = [...alerts, ...closes].filter(({ by, at }) => by === 'proxy' || at <= gaveUp)
  // Sorting keeps an alert before the FIN of the same packet.
  return ended.toSorted((a, b) => a.at - b.at)[0] ?? null
}

const SERVER_HELLO_DONE = 14
const FINISHED = 20

function endOfServerFlight(tls: TlsFacts, isTls13: boolean): HandshakeMessage | null {
  if (tls.serverHello === null) return null
  const last = isTls13 || tls.resumed === true ? FINISHED : SERVER_HELLO_DONE
  return tls.messages.find(({ from, type, incomplete }) => from === SERVER && type === last && !incomplete) ?? null
}

function endOfClientFlight({ messages }: TlsFacts): HandshakeMessage | null {
  const hello = messages.findIndex(({ from }) => from === SERVER)
  return messages.slice(Math.max(hello, 0)).findLast(({ from, type }) => from === CLIENT && type !== 1) ?? null
}

/** A TLS 1.3 server says nothing when it is content; that it goes on, with tickets or data, shows it. */
function hasAgreed(tls: TlsFacts, isTls13: boolean): boolean {
  const [client, server] = tls.finished
  if (client === null || server === null) return false
  return !isTls13 || tls.tickets.length > 0 || tls.records[SERVER] > 0 || tls.messages.some(isTicket)
}

const isTicket = ({ from, type }: HandshakeMessage): boolean => from === SERVER && type === 4

/** Whether something came right behind something else, as far as one round trip and a little work explain. */
export const atOnce = ({ rttSeconds }: Pick<Facts, 'rttSeconds'>, from: number, to: number): boolean =>
  to >= from && to - from <= AT_ONCE_NS + 2e9 * rttSeconds

/** A handshake that went well. */
export interface Peer {
  serverName: string | null
  version: number
  cipher: number
  /** The server sent tickets behind it. */
  tickets: boolean
  frame: FrameRef
}

/** Handshakes of all proxies with one server that went well, in the story's order. */
const peersAt = perStory((story, server): Peer[] =>
  conversationsWith(story, server).flatMap((conversation) => {
    const { capture, connection } = nearClient(conversation)
    const { tls } = connection
    const hello = tls?.secondClientHello ?? tls?.clientHello ?? null
    if (tls === null || hello === null || tls.serverHello === null) return []
    const { version, cipher, first } = tls.serverHello
    // One that was completed and came to nothing may be the very kind that is asked about.
    const answered = connection.exchanges.some((exchange) => exchange.response.frame >= 0)
    if (!answered || !hasAgreed(tls, version >= TLS_1_3)) return []
    const tickets = tls.messages.some(isTicket) || hasTickets(tls)
    return [{ serverName: hello.serverName, version, cipher, tickets, frame: frameRef(story, capture, first.frame) }]
  }),
)

/** An answer may be taken for a ticket (opaque.ts): then the requests have as many records as what came back. */
const hasTickets = ({ tickets, records: [asked, answered] }: TlsFacts): boolean =>
  tickets.length > 0 && tickets.length + answered > asked

export const peersOf = ({ story, near }: { story: Story; near: Facts['near'] }): readonly Peer[] =>
  peersAt(story, near.connection.server)

const sameName = (a: string | null, b: string | null): boolean => a?.toLowerCase() === b?.toLowerCase()

/** A handshake that went well with the very name that this one sent. */
export const peerWithSameName = (facts: Facts, { hello }: Handshake): Peer | null =>
  peersOf(facts).find(({ serverName }) => sameName(serverName, hello.serverName)) ?? null

/** A handshake that went well with another name, where none did with this one: the name may be what is refused. */
export function peerWithOtherName(facts: Facts, handshake: Handshake): Peer | null {
  if (peerWithSameName(facts, handshake) !== null) return null
  return peersOf(facts).find(({ serverName }) => serverName !== null) ?? null
}
