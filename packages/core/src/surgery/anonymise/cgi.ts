// uwsgi and SCGI: a request of variables, its length said first, and a CGI or HTTP/1 response (RFC 3875 section 6).
import { createScgiRequestScanner, createScgiResponseScanner } from '../../app/scgi.ts'
import type { Sniffed } from '../../app/sniff.ts'
import { createUwsgiRequestScanner, createUwsgiResponseScanner } from '../../app/uwsgi.ts'
import { type Bytes, latin1, u16le } from '../../bytes/read.ts'
import { FILL, type Pseudonyms, type Side } from './contract.ts'
import { scrubVariable } from './fields.ts'
import { scrubFields, scrubResponseHead } from './head.ts'
import { MessageSide } from './messages.ts'
import { SideEdits } from './pieces.ts'
import { otherSide, type Reader, type Work } from './reader.ts'

type Protocol = 'uwsgi' | 'scgi'

const REQUESTS = {
  uwsgi: { create: createUwsgiRequestScanner, scrub: scrubUwsgi },
  scgi: { create: createScgiRequestScanner, scrub: scrubScgi },
} as const
const RESPONSES = { uwsgi: createUwsgiResponseScanner, scgi: createScgiResponseScanner } as const

/** A connection to an application: one request, one response. */
export class CgiScrubber implements Reader {
  readonly takesAnyAnswer = true
  readonly #protocol: Protocol
  readonly #client: Side
  readonly #requests: MessageSide
  readonly #responses: MessageSide

  constructor(protocol: Protocol, { p, edits }: Work, client: Side) {
    this.#protocol = protocol
    this.#client = client
    this.#requests = new MessageSide({
      p,
      edits: new SideEdits(edits, client),
      ...REQUESTS[protocol],
      heard: (head) => this.#responses.scanner.expect(head.method),
    })
    this.#responses = new MessageSide({
      p,
      edits: new SideEdits(edits, otherSide(client)),
      create: RESPONSES[protocol],
      scrub: scrubCgiHead,
      heard: () => {},
    })
  }

  expects(side: Side, speaks: Sniffed): boolean {
    return side === this.#client ? speaks === this.#protocol : speaks === 'http1-response' || speaks === 'text'
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    this.#of(side).data(bytes, at, end, position)
  }

  gap(side: Side, from: number, to: number): void {
    this.#of(side).gap(from, to)
  }

  end(): void {
    this.#requests.end()
    this.#responses.end()
  }

  #of(side: Side): MessageSide {
    return side === this.#client ? this.#requests : this.#responses
  }
}

/** Scrubs the header section of a CGI response: fields, or what HTTP/1 would have. */
export function scrubCgiHead(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  if (latin1(b, from, Math.min(to, from + 5)) === 'HTTP/') scrubResponseHead(p, b, from, to)
  else scrubFields(p, b, from, to)
}

const UWSGI_HEADER = 4

/** Names and values, each behind its length in two bytes, little-endian. */
function scrubUwsgi(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let at = Math.min(to, from + UWSGI_HEADER)
  while (at + 2 <= to) {
    const name = at + 2
    const nameEnd = name + u16le(b, at)
    const value = nameEnd + 2
    if (value > to || value + u16le(b, nameEnd) > to) break
    at = value + u16le(b, nameEnd)
    scrubVariable(p, b, name, nameEnd, value, at)
  }
  b.fill(FILL, at, to)
}

/** A netstring of names and values, each ended by NUL. */
function scrubScgi(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  let at = from
  while (at < to && b[at] !== 58) at++
  at = Math.min(to, at + 1)
  for (;;) {
    const name = at
    const nameEnd = endOfText(b, name, to)
    const value = nameEnd + 1
    const valueEnd = endOfText(b, value, to)
    if (valueEnd >= to) break
    scrubVariable(p, b, name, nameEnd, value, valueEnd)
    at = valueEnd + 1
  }
  // The comma is the netstring's end.
  if (to - at !== 1 || b[at] !== 44) b.fill(FILL, at, to)
}

function endOfText(b: Bytes, from: number, to: number): number {
  let end = from
  while (end < to && b[end] !== 0) end++
  return end
}
