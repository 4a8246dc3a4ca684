// The exchanges of a connection as they are kept: those that went well as rows of numbers and texts, a third of what
// objects take; the others as they are. Who reads them gets objects for both, the same ones every time.
import type { Connection, Exchange, ExchangeDetail, ExchangeProtocol, ExchangeTable, Moment } from './observations.ts'

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
  table.numbers.push(
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
  )
  table.texts.push(exchange.method, exchange.target, exchange.host, exchange.forwardedFor)
  table.ids.push(exchange.ids)
}

/** The table without room for more. */
export const trimExchangeTable = ({ numbers, texts, ids, troubled }: ExchangeTable): ExchangeTable => ({
  numbers: numbers.slice(),
  texts: texts.slice(),
  ids: ids.slice(),
  troubled: troubled.slice(),
})

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

export const exchangeCount = ({ exchanges: { ids, troubled } }: Pick<Connection, 'exchanges'>): number =>
  ids.length + troubled.length

const made = new WeakMap<ExchangeTable, readonly Exchange[]>()

/** The exchanges of a connection by `ordinal`: the same objects every time. */
export function exchangesOf({ exchanges: table }: Pick<Connection, 'exchanges'>): readonly Exchange[] {
  let list = made.get(table)
  if (list === undefined) made.set(table, (list = listOf(table)))
  return list
}

function listOf(table: ExchangeTable): readonly Exchange[] {
  const { numbers, ids, troubled } = table
  const list = Array<Exchange>(ids.length + troubled.length)
  for (const exchange of troubled) list[exchange.ordinal] = exchange
  for (let row = 0; row < ids.length; row++) list[numbers[row * WIDTH + ORDINAL]] = new ExchangeRow(table, row)
  return list
}

/** An exchange that went well, read from its row. */
class ExchangeRow implements Exchange {
  readonly #table: ExchangeTable
  readonly #row: number

  constructor(table: ExchangeTable, row: number) {
    this.#table = table
    this.#row = row
  }

  get ordinal(): number {
    return this.#table.numbers[this.#row * WIDTH + ORDINAL]
  }

  get protocol(): ExchangeProtocol {
    return PROTOCOLS[(this.#table.numbers[this.#row * WIDTH + OUTCOME] >> PROTOCOL_SHIFT) & 7]
  }

  get stream(): number {
    return this.#table.numbers[this.#row * WIDTH + STREAM]
  }

  get method(): string {
    return this.#table.texts[this.#row * TEXTS + METHOD]!
  }

  get target(): string {
    return this.#table.texts[this.#row * TEXTS + TARGET]!
  }

  get host(): string | null {
    return this.#table.texts[this.#row * TEXTS + HOST]
  }

  get ids(): string[] {
    return this.#table.ids[this.#row]
  }

  get forwardedFor(): string | null {
    return this.#table.texts[this.#row * TEXTS + FORWARDED_FOR]
  }

  get bodyLength(): number {
    return this.#table.numbers[this.#row * WIDTH + BODY_LENGTH]
  }

  get status(): number {
    return this.#table.numbers[this.#row * WIDTH + OUTCOME] & ((1 << ENDED_SHIFT) - 1)
  }

  get grpcStatus(): number {
    return Math.floor(this.#table.numbers[this.#row * WIDTH + OUTCOME] / GRPC_UNIT) - 1
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
    return this.#table.numbers[this.#row * WIDTH + REQUEST_FROM]
  }

  get requestTo(): number {
    return this.#table.numbers[this.#row * WIDTH + REQUEST_TO]
  }

  get responseFrom(): number {
    return this.#table.numbers[this.#row * WIDTH + RESPONSE_FROM]
  }

  get ended(): Exchange['ended'] {
    return ENDED[(this.#table.numbers[this.#row * WIDTH + OUTCOME] >> ENDED_SHIFT) & 7]
  }

  get headSize(): number {
    return this.#table.numbers[this.#row * WIDTH + HEAD_SIZE]
  }

  get responseBytes(): number {
    return this.#table.numbers[this.#row * WIDTH + RESPONSE_BYTES]
  }

  get idle(): number {
    return this.#table.numbers[this.#row * WIDTH + IDLE]
  }

  get tunnel(): boolean {
    return ((this.#table.numbers[this.#row * WIDTH + OUTCOME] >> TUNNEL_SHIFT) & 1) === 1
  }

  get detail(): ExchangeDetail | null {
    return null
  }
}

/** The frame as an integer: V8 would box one that comes out of an array of doubles. */
const momentAt = ({ numbers }: ExchangeTable, row: number, column: number): Moment => ({
  frame: numbers[row * WIDTH + column] | 0,
  time: numbers[row * WIDTH + column + 1],
})
