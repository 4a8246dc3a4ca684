// Name lookups: DNS queries with their answers, over UDP and TCP (RFC 1035).
import { latin1Bytes } from '../bytes/read.ts'
import { type DnsMessage, readDnsTcp } from '../app/dns/message.ts'
import type { ConnectionRecord } from './connection-table.ts'
import { DNS_PORT, type Moment, type NameLookup } from './observations.ts'

/** Lookups kept. A resolver's own capture may hold many more than any proxy makes. */
const LOOKUP_LIMIT = 65_536
/** Queries waiting for an answer at once. */
const WAITING_LIMIT = 4096

/** Addresses kept of one answer. */
const ADDRESSES = 64
/** Times kept of one query that is asked again and again. */
const QUERIES = 64

export class NameLookups {
  /** Lookups that are not kept. */
  forgotten = 0
  #lookups: NameLookup[] = []
  #waiting = new Map<string, NameLookup>()
  #strings: (text: string) => string

  constructor(strings: (text: string) => string) {
    this.#strings = strings
  }

  /** Takes one message that went from `source` to `destination`. */
  message(message: DnsMessage | null, source: string, destination: string, moment: Moment): void {
    const question = message?.questions[0]
    if (message === null || question === undefined) return
    const [client, server] = message.isResponse ? [destination, source] : [source, destination]
    const key = `${client} ${server} ${message.id} ${question.name.toLowerCase()} ${question.type}`
    let lookup = this.#waiting.get(key)
    if (lookup === undefined) {
      if (this.#lookups.length >= LOOKUP_LIMIT) {
        this.forgotten++
        return
      }
      lookup = {
        client: this.#strings(client),
        server: this.#strings(server),
        name: this.#strings(question.name),
        type: question.type,
        queries: [],
        answer: null,
        rcode: null,
        addresses: [],
      }
      this.#lookups.push(lookup)
      if (this.#waiting.size >= WAITING_LIMIT) this.#waiting.delete(this.#waiting.keys().next().value!)
      this.#waiting.set(key, lookup)
    }
    if (!message.isResponse) {
      if (lookup.queries.length < QUERIES) lookup.queries.push(moment)
    } else if (lookup.answer === null) {
      lookup.answer = moment
      lookup.rcode = message.rcodeName
      const addresses = message.answers.filter((a) => a.type === 'A' || a.type === 'AAAA')
      lookup.addresses = addresses.slice(0, ADDRESSES).map((a) => a.data)
      this.#waiting.delete(key)
    }
  }

  /** Takes the messages of a finished connection to a name server over TCP, each behind its length. */
  connection(connection: ConnectionRecord): void {
    if (connection.serverPort !== DNS_PORT) return
    for (const [from, to, text, moment] of [
      [connection.clientAddress, connection.serverAddress, connection.firstBytes[0], connection.first],
      [connection.serverAddress, connection.clientAddress, connection.firstBytes[1], connection.last],
    ] as const) {
      const bytes = latin1Bytes(text)
      for (const { message } of readDnsTcp(bytes, 0, bytes.length)) this.message(message, from, to, moment)
    }
  }

  /** Lets go of lookups that were over at `time`. */
  forget(time: number): void {
    this.#lookups = this.#lookups.filter(({ queries, answer }) => (answer ?? queries.at(-1))!.time >= time)
    for (const [key, { queries }] of this.#waiting) if (queries.at(-1)!.time < time) this.#waiting.delete(key)
  }

  finish(): NameLookup[] {
    return this.#lookups
  }
}
