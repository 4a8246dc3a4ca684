// What the columns say where the observations have codes.
import { type Connection, type Moment, type Sniffed, SNIFFED_NAMES } from '@pcap-surgery/core'

const SHORT: { readonly [spoken in Sniffed]?: string } = {
  'http1-request': 'HTTP/1',
  'http1-response': 'HTTP/1',
  text: 'text',
  unknown: 'unknown',
}

const nameOf = (spoken: Sniffed): string => SHORT[spoken] ?? SNIFFED_NAMES[spoken]

/** What the client speaks, or, where it said nothing, the server, and inside of TLS: `TLS › HTTP/2`; null: no bytes. */
export function spokenOn({ speaks, inside, tls }: Connection): string | null {
  const outer = speaks[0] ?? speaks[1]
  const inner = inside[0] ?? inside[1]
  if (inner !== null) return `TLS › ${nameOf(inner)}`
  if (outer === 'proxy-protocol' && tls !== null) return 'PROXY › TLS'
  return outer === null ? null : nameOf(outer)
}

const SIDES = ['client', 'server'] as const

/** How a connection ended: by a RST, where there was one, else by the first FIN. */
export function endOf({ sides, syns, synAck }: Connection): string {
  for (const [name, ends] of [
    ['RST', sides.map(({ reset }) => reset)],
    ['FIN', sides.map(({ fin }) => fin)],
  ] as const) {
    const by = firstOf(ends)
    if (by !== null) return `${name} by ${SIDES[by]}`
  }
  return syns.length > 0 && synAck === null && sides[1].segments === 0 ? 'SYN unanswered' : 'open'
}

function firstOf([client, server]: readonly (Moment | null)[]): 0 | 1 | null {
  if (client == null) return server == null ? null : 1
  return server == null || client.frame < server.frame ? 0 : 1
}
