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

/** How a connection ended: by a RST, where there was one, else by the first FIN. */
export function endOf({ sides: [client, server], syns, synAck }: Connection): string {
  const reset = firstOf(client.reset, server.reset)
  if (reset !== null) return reset === 0 ? 'RST by client' : 'RST by server'
  const fin = firstOf(client.fin, server.fin)
  if (fin !== null) return fin === 0 ? 'FIN by client' : 'FIN by server'
  return syns.length > 0 && synAck === null && server.segments === 0 ? 'no answer' : 'open'
}

function firstOf(client: Moment | null, server: Moment | null): 0 | 1 | null {
  if (client === null) return server === null ? null : 1
  return server === null || client.frame < server.frame ? 0 : 1
}
