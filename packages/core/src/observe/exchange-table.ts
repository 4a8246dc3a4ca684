// The exchanges of a connection as they are kept: those that went well as rows of numbers and texts, a third of what
// objects take; the others as they are. Who reads them gets objects for both, the same ones every time.
import type { ConnectionTable } from './connection-table.ts'
import type { Exchange, ExchangeDetail, ExchangeProtocol, ExchangeTable, Moment } from './observations.ts'

/** Columns of `numbers`; a moment takes two, its frame and its time. */
const ORDINAL = 0
const STREAM = 1
const REQUEST = 2
const REQUEST_END = 4
const RESPONSE = 6
const RESPONSE_END = 8
const REQUEST_FROM = 10
const REQUEST_TO = 11
const RESPONSE_FROM = 12
const BODY_LENGTH = 13
const RESPONSE_BYTES = 14
const HEAD_SIZE = 15
const IDLE = 16
/** Small ones together, from the lowest bit: status, how it ended, tunnel, protocol; from bit 17 `grpc-status` + 1. */
const OUTCOME = 17
const WIDTH = 18
export const EXCHANGE_WIDTH: number = WIDTH
const ENDED_SHIFT = 10
const TUNNEL_SHIFT = 13
const PROTOCOL_SHIFT = 14
const GRPC_UNIT = 2 ** 17

const PROTOCOLS: readonly ExchangeProtocol[] = ['http1', 'http2', 'fastcgi', 'uwsgi', 'scgi', 'ajp', 'tls']
const ENDED: readonly Exchange['ended'][] = [null, 'complete', 'closed', 'truncated', 'broken', 'open']

/** Columns of `texts`. */
const METHOD = 0
const TARGET = 1
const HOST = 2
const FORWARDED_FOR = 3
const TEXTS = 4
export const EXCHANGE_TEXTS: number = TEXTS
/** Of an exchange without identifiers. */
const NO_IDS: string[] = []

/** Of a connection that carries none, or none that anybody could read. */
export const NO_EXCHANGES: ExchangeTable = createExchangeTable()

export function createExchangeTable(): ExchangeTable {
  return { numbers: [], texts: [], ids: [], troubled: [] }
}

/** Adds an exchange that is over: as a row, unless it has a `detail`. */
export function addExchange(table: ExchangeTable, exchange: Exchange): void {
  if (exchange.detail !== null) {
    table.troubled.push(exchange)
    return
  }
  const { request, requestEnd, response, responseEnd } = exchange
  const how = (ENDED.indexOf(exchange.ended) << ENDED_SHIFT) | (+exchange.tunnel << TUNNEL_SHIFT)
  const outcome = exchange.status | how | (PROTOCOLS.indexOf(exchange.protocol) << PROTOCOL_SHIFT)
  // In the order of the columns.
  const numbers = [
    exchange.ordinal,
    exchange.stream,
    request.frame,
    request.time,
    requestEnd.frame,
    requestEnd.time,
    response.frame,
    response.time,
    responseEnd.frame,
    responseEnd.time,
    exchange.requestFrom,
    exchange.requestTo,
    exchange.responseFrom,
    exchange.bodyLength,
    exchange.responseBytes,
    exchange.headSize,
    exchange.idle,
    outcome + (exchange.grpcStatus + 1) * GRPC_UNIT,
  ]
  const texts = [exchange.method, exchange.target, exchange.host, exchange.forwardedFor]
  if (table.ids.length === 0) {
    // Most connections carry one, or few: an array that grows from nothing has room for dozens.
    table.numbers = numbers
    table.texts = texts
    table.ids = [exchange.ids]
    return
  }
  for (const number of numbers) table.numbers.push(number)
  for (const text of texts) table.texts.push(text)
  table.ids.push(exchange.ids)
}

/** A copy that grows and changes by itself; the troubled exchanges are copied, their packets not. */
export const copyExchangeTable = ({ numbers, texts, ids, troubled }: ExchangeTable): ExchangeTable => ({
  numbers: numbers.slice(),
  texts: texts.slice(),
  ids: ids.slice(),
  troubled: troubled.map((exchange) => ({ ...exchange })),
})

/** The ordinal before which every exchange was over at `time`; `most` where that holds of all in the table. */
export function overBefore({ numbers, ids, troubled }: ExchangeTable, time: number, most: number): number {
  let first = most
  for (let row = 0; row < ids.length; row++) {
    const at = row * WIDTH
    if (Math.max(numbers[at + REQUEST + 1], numbers[at + RESPONSE_END + 1]) >= time)
      first = Math.min(first, numbers[at + ORDINAL])
  }
  for (const { ordinal, request, responseEnd } of troubled)
    if (Math.max(request.time, responseEnd.time) >= time) first = Math.min(first, ordinal)
  return first
}

/** The table without the exchanges before `first`, which gets the ordinal 0. */
export function exchangesFrom(table: ExchangeTable, first: number): ExchangeTable {
  const kept = createExchangeTable()
  for (let row = 0; row < table.ids.length; row++) {
    const ordinal = table.numbers[row * WIDTH + ORDINAL]
    if (ordinal < first) continue
    const at = kept.numbers.length
    for (let column = 0; column < WIDTH; column++) kept.numbers.push(table.numbers[row * WIDTH + column])
    kept.numbers[at + ORDINAL] = ordinal - first
    for (let column = 0; column < TEXTS; column++) kept.texts.push(table.texts[row * TEXTS + column])
    kept.ids.push(table.ids[row])
  }
  for (const exchange of table.troubled) {
    if (exchange.ordinal < first) continue
    exchange.ordinal -= first
    kept.troubled.push(exchange)
  }
  return kept
}

/** Numbers the exchanges anew, in their order and without holes: some were left out. */
export function closeRanks({ numbers, ids, troubled }: ExchangeTable): void {
  const inRows = ids.map((_, row) => numbers[row * WIDTH + ORDINAL]!)
  const ordinals = [...inRows, ...troubled.map(({ ordinal }) => ordinal)].toSorted((a, b) => a - b)
  const ranks = new Map(ordinals.map((ordinal, rank) => [ordinal, rank]))
  for (const [row, ordinal] of inRows.entries()) numbers[row * WIDTH + ORDINAL] = ranks.get(ordinal)!
  for (const exchange of troubled) exchange.ordinal = ranks.get(exchange.ordinal)!
}

/** Adds the exchange of a row to the exchanges of one connection. */
export function copyRow(from: ConnectionTable, row: number, to: ExchangeTable): void {
  for (let column = 0; column < WIDTH; column++) to.numbers.push(from.exchangeNumbers[row * WIDTH + column]!)
  for (let column = 0; column < TEXTS; column++) {
    const place = from.exchangeTexts[row * TEXTS + column]!
    to.texts.push(place < 0 ? null : from.strings[place]!)
  }
  to.ids.push(from.exchangeIds.get(row) ?? NO_IDS)
}

/** The exchange of a row, as `connectionAt` answers a connection. */
export const exchangeAt = (table: ConnectionTable, row: number): Exchange => new ExchangeRow(table, row)

/** Where the exchange of a row has its text in `strings`; -1 without one. */
export const exchangePlace = (
  { exchangeTexts }: ConnectionTable,
  row: number,
  text: 'method' | 'target' | 'host',
): number => exchangeTexts[row * TEXTS + PLACES[text]]!

const PLACES = { method: METHOD, target: TARGET, host: HOST }

/** An exchange that went well, read from its row. */
export class ExchangeRow implements Exchange {
  readonly #table: ConnectionTable
  readonly #row: number

  constructor(table: ConnectionTable, row: number) {
    this.#table = table
    this.#row = row
  }

  #text(column: number): string | null {
    const place = this.#table.exchangeTexts[this.#row * TEXTS + column]!
    return place < 0 ? null : this.#table.strings[place]!
  }

  get ordinal(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + ORDINAL]
  }

  get protocol(): ExchangeProtocol {
    return PROTOCOLS[(this.#table.exchangeNumbers[this.#row * WIDTH + OUTCOME] >> PROTOCOL_SHIFT) & 7]
  }

  get stream(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + STREAM]
  }

  get method(): string {
    return this.#text(METHOD)!
  }

  get target(): string {
    return this.#text(TARGET)!
  }

  get host(): string | null {
    return this.#text(HOST)
  }

  get ids(): string[] {
    return this.#table.exchangeIds.get(this.#row) ?? NO_IDS
  }

  get forwardedFor(): string | null {
    return this.#text(FORWARDED_FOR)
  }

  get bodyLength(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + BODY_LENGTH]
  }

  get status(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + OUTCOME] & ((1 << ENDED_SHIFT) - 1)
  }

  get grpcStatus(): number {
    return Math.floor(this.#table.exchangeNumbers[this.#row * WIDTH + OUTCOME] / GRPC_UNIT) - 1
  }

  get request(): Moment {
    return momentAt(this.#table, this.#row, REQUEST)
  }

  get requestEnd(): Moment {
    return momentAt(this.#table, this.#row, REQUEST_END)
  }

  get response(): Moment {
    return momentAt(this.#table, this.#row, RESPONSE)
  }

  get responseEnd(): Moment {
    return momentAt(this.#table, this.#row, RESPONSE_END)
  }

  get requestFrom(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + REQUEST_FROM]
  }

  get requestTo(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + REQUEST_TO]
  }

  get responseFrom(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + RESPONSE_FROM]
  }

  get ended(): Exchange['ended'] {
    return ENDED[(this.#table.exchangeNumbers[this.#row * WIDTH + OUTCOME] >> ENDED_SHIFT) & 7]
  }

  get headSize(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + HEAD_SIZE]
  }

  get responseBytes(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + RESPONSE_BYTES]
  }

  get idle(): number {
    return this.#table.exchangeNumbers[this.#row * WIDTH + IDLE]
  }

  get tunnel(): boolean {
    return ((this.#table.exchangeNumbers[this.#row * WIDTH + OUTCOME] >> TUNNEL_SHIFT) & 1) === 1
  }

  get detail(): ExchangeDetail | null {
    return null
  }
}

/** The frame as an integer: V8 would box one that comes out of an array of doubles. */
const momentAt = ({ exchangeNumbers: numbers }: ConnectionTable, row: number, column: number): Moment => ({
  frame: numbers[row * WIDTH + column]! | 0,
  time: numbers[row * WIDTH + column + 1]!,
})
