// HTTP/1 (RFC 9112), and what it may become: HTTP/2 after an upgrade to h2c (RFC 7540 section 3.2).
import { createRequestScanner, createResponseScanner } from '../../app/http1/scanner.ts'
import { beginsPreface, namesHttp2 } from '../../app/http2/upgrade.ts'
import type { Sniffed } from '../../app/sniff.ts'
import type { Bytes } from '../../bytes/read.ts'
import type { Side } from './contract.ts'
import { scrubRequestHead, scrubResponseHead } from './head.ts'
import { Http2Scrubber } from './http2.ts'
import { MessageSide } from './messages.ts'
import { SideEdits } from './pieces.ts'
import { otherSide, type Reader, type Work } from './reader.ts'

/** Both sides of a connection; `client` asks. */
export class Http1Scrubber implements Reader {
  readonly takesAnyAnswer = true
  readonly #client: Side
  readonly #work: Work
  readonly #requests: MessageSide
  readonly #responses: MessageSide
  /** The latest request asks for HTTP/2. */
  #asksForHttp2 = false
  #http2: Http2Scrubber | null = null
  /** Where each side goes over to it. */
  readonly #http2From: [number, number] = [Infinity, Infinity]

  constructor(work: Work, client: Side) {
    this.#work = work
    this.#client = client
    const server = otherSide(client)
    this.#requests = new MessageSide({
      p: work.p,
      edits: new SideEdits(work.edits, client),
      create: createRequestScanner,
      scrub: scrubRequestHead,
      heard: (head) => {
        this.#asksForHttp2 = namesHttp2(head)
        this.#responses.scanner.expect(head.method)
      },
    })
    this.#responses = new MessageSide({
      p: work.p,
      edits: new SideEdits(work.edits, server),
      create: createResponseScanner,
      scrub: scrubResponseHead,
      heard: (head, end) => {
        const isGranted = head.status === 101 && head.fault === null && this.#asksForHttp2 && namesHttp2(head)
        if (isGranted) this.#goOver(server, end)
      },
    })
  }

  expects(side: Side, speaks: Sniffed): boolean {
    return speaks === (side === this.#client ? 'http1-request' : 'http1-response')
  }

  data(side: Side, bytes: Bytes, at: number, end: number, position: number): void {
    if (this.#beginsHttp2(side, bytes, at, end)) this.#goOver(side, position)
    if (position < this.#http2From[side]) this.#of(side).data(bytes, at, end, position)
    // The server's first frames may come with the 101.
    const first = at + Math.max(0, this.#http2From[side] - position)
    if (first < end) this.#http2!.data(side, bytes, first, end, position + first - at)
  }

  gap(side: Side, from: number, to: number): void {
    if (from >= this.#http2From[side]) this.#http2!.gap(side, from, to)
    else this.#of(side).gap(from, to)
  }

  end(): void {
    this.#requests.end()
    this.#responses.end()
    this.#http2?.end()
  }

  #of(side: Side): MessageSide {
    return side === this.#client ? this.#requests : this.#responses
  }

  /** A client goes over with its preface, where its request is whole. */
  #beginsHttp2(side: Side, bytes: Bytes, at: number, end: number): boolean {
    if (!this.#asksForHttp2 || side !== this.#client || this.#http2From[side] !== Infinity) return false
    return this.#requests.scanner.state === 'between' && beginsPreface(bytes, at, end)
  }

  #goOver(side: Side, position: number): void {
    this.#http2 ??= new Http2Scrubber(this.#work, this.#client)
    this.#http2From[side] = position
    const server = otherSide(this.#client)
    if (side === server || this.#http2From[server] !== Infinity || this.#responses.scanner.state !== 'lost') return
    // The 101 was not captured, and that the client went over proves it.
    this.#http2From[server] = 0
    this.#http2.gap(server, 0, 0)
  }
}
