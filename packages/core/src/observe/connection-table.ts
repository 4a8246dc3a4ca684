// The connections of a capture as they are kept: numbers in columns and texts in a list, a sixth of what objects take,
// and plain data that is handed to another thread without being copied. Who reads them gets an object for each, the
// same one every time; what only few connections have (TLS, packets, failed exchanges) is kept as it is.
import { type Sniffed, SNIFFED_NAMES } from '../app/sniff.ts'
import type { TlsFacts } from '../app/tls/facts.ts'
import type { ProxiedFor } from '../app/proxy-protocol.ts'
import { formatEndpoint } from '../wire/address.ts'
import { copyRow, ExchangeRow, EXCHANGE_TEXTS, EXCHANGE_WIDTH } from './exchange-table.ts'
import type {
  Connection,
  Exchange,
  ExchangeTable,
  Http2Facts,
  Moment,
  Observations,
  Side,
  SideIndex,
} from './observations.ts'

/** Columns of `counts`. Texts are places in `strings`; a frame is -1 where there was none. */
const CLIENT_PORT = 0
const SERVER_PORT = 1
const CLIENT_ADDRESS = 2
const SERVER_ADDRESS = 3
const SERVER = 4
const FIRST_FRAME = 5
const LAST_FRAME = 6
const SYN_ACK_FRAME = 7
const ESTABLISHED_FRAME = 8
const INTERFACE = 9
const VLAN = 10
/** First row of its healthy exchanges, and how many there are. */
const EXCHANGES = 11
const EXCHANGE_COUNT = 12
/**
 * What each side speaks, and inside of TLS, five bits each; the orientation; whether the first packet is the one SYN, and
 * whether the server sent the last one.
 */
const KIND = 13
const ORIENTATION_SHIFT = 20
const SYN_BIT = 1 << 22
const LAST_FROM_SHIFT = 23
/** Then those of the client, and those of the server. */
const SIDES = 14
const SEGMENTS = 0
const LARGEST = 1
const LARGEST_ACKED = 2
const ISN = 3
const BASE = 4
/** TTL + 1 in the lowest nine bits, MSS + 1 in the next 17; then whether ISN and base are known. */
const HEADERS = 5
const MSS_SHIFT = 9
const ISN_BIT = 1 << 26
const BASE_BIT = 1 << 27
const FIN_FRAME = 6
const STAMP = 7
/** Its row in `irregular`, -1 without one. */
const IRREGULAR = 8
const SIDE_COUNTS = 9
const COUNTS = SIDES + 2 * SIDE_COUNTS

/** Columns of `numbers`: times, and what does not fit into 31 bits. */
const FIRST = 0
const LAST = 1
const SYN_ACK = 2
const ESTABLISHED = 3
const SIDE_NUMBERS_AT = 4
const BYTES = 0
const FIN = 1
const SIDE_NUMBERS = 2
const NUMBERS = SIDE_NUMBERS_AT + 2 * SIDE_NUMBERS

/** Columns of `irregular`: of sides that repeated, lost or reset something. */
const RETRANSMISSIONS = 0
const OUT_OF_ORDER = 1
const DUPLICATES = 2
const MISSING = 3
const RESET_FRAME = 4
const RESET = 5
const IRREGULAR_WIDTH = 6
/** Of a side that did not. */
const REGULAR: readonly number[] = [0, 0, 0, 0, -1, -1]

/** As many bits as a place in `SPOKEN` takes. */
const SPOKEN_BITS = 5
const SPOKEN: readonly (Sniffed | null)[] = [null, ...(Object.keys(SNIFFED_NAMES) as Sniffed[])]
const ORIENTATIONS: readonly Connection['orientation'][] = ['syn', 'content', 'port']

/** What only few connections have. */
interface Rare {
  /** Where they are not the first packet alone, or none. */
  syns: Moment[] | null
  synAckRepeats: Moment[]
  interfaces: number[] | null
  vlans: number[] | null
  tls: TlsFacts | null
  http2: Http2Facts | null
  proxyHeader: boolean
  proxiedFor: ProxiedFor | null
  firstBytes: [string, string]
  packets: number[]
  packetsOmitted: number
  troubled: Exchange[]
}

/** Connections of one capture, or of a part of it, in the order in which they ended. */
export interface ConnectionTable {
  count: number
  counts: Int32Array
  numbers: Float64Array
  irregularCount: number
  irregular: Float64Array
  exchangeCount: number
  exchangeNumbers: Float64Array
  exchangeTexts: Int32Array
  /** Identifiers by row of the exchange. */
  exchangeIds: Map<number, string[]>
  strings: string[]
  rare: Map<number, Rare>
}

/** A side as its tracker has it: FIN and RST in two numbers each, -1 where there was none. */
export interface SideRecord extends Omit<Side, 'fin' | 'reset'> {
  finFrame: number
  finTime: number
  resetFrame: number
  resetTime: number
}

/** A connection as the observer hands it over; its lists are copied where they are kept. */
export type ConnectionRecord = Omit<Connection, 'client' | 'server' | 'exchanges' | 'sides'> & {
  sides: [SideRecord, SideRecord]
  exchanges: ExchangeTable
}

const NO_MOMENTS: Moment[] = []

/** Connections and exchanges of one table. One table of all would be copied, and be there twice, whenever it grows. */
const ROWS = 4096

/** Adds connections; what was answered by `tables` before stays as it is. */
export class ConnectionTableBuilder {
  /** Those that are full. */
  readonly #full: ConnectionTable[] = []
  #table = createTable(FEW)
  #places = new Map<string, number>()
  /** Places of servers by their address and port. */
  #servers = new Map<number, number>()

  /** The tables so far. */
  get tables(): ConnectionTable[] {
    return [...this.#full, alike(this.#table)]
  }

  add(record: ConnectionRecord): void {
    if (this.#table.count >= ROWS || this.#table.exchangeCount >= ROWS) this.#begin()
    const table = this.#table
    const row = table.count++
    table.counts = withRoom(table.counts, table.count * COUNTS)
    table.numbers = withRoom(table.numbers, table.count * NUMBERS)
    const { counts } = table
    const at = row * COUNTS
    const n = row * NUMBERS
    const serverAddress = this.#place(record.serverAddress)
    counts[at + CLIENT_PORT] = record.clientPort
    counts[at + SERVER_PORT] = record.serverPort
    counts[at + CLIENT_ADDRESS] = this.#place(record.clientAddress)
    counts[at + SERVER_ADDRESS] = serverAddress
    counts[at + SERVER] = this.#placeOfServer(serverAddress, record)
    counts[at + KIND] = kindOf(record)
    putMoment(table, at + FIRST_FRAME, n + FIRST, record.first)
    putMoment(table, at + LAST_FRAME, n + LAST, record.last)
    putMoment(table, at + SYN_ACK_FRAME, n + SYN_ACK, record.synAck)
    putMoment(table, at + ESTABLISHED_FRAME, n + ESTABLISHED, record.established)
    counts[at + INTERFACE] = record.interfaces[0] ?? -1
    counts[at + VLAN] = record.vlans[0] ?? -1
    this.#putSide(record.sides[0], at + SIDES, n + SIDE_NUMBERS_AT)
    this.#putSide(record.sides[1], at + SIDES + SIDE_COUNTS, n + SIDE_NUMBERS_AT + SIDE_NUMBERS)
    counts[at + EXCHANGES] = table.exchangeCount
    counts[at + EXCHANGE_COUNT] = record.exchanges.ids.length
    this.#addExchanges(record.exchanges)
    const rare = rareOf(record)
    if (rare !== null) table.rare.set(row, rare)
  }

  #begin(): void {
    this.#full.push(this.#table)
    this.#table = createTable(ROWS)
    this.#places = new Map()
    this.#servers = new Map()
  }

  /** Puts a side where its columns of `counts` and of `numbers` begin. */
  #putSide(side: SideRecord, at: number, n: number): void {
    const { counts, numbers } = this.#table
    counts[at + SEGMENTS] = side.segments
    counts[at + LARGEST] = side.largest
    counts[at + LARGEST_ACKED] = side.largestAcked
    counts[at + ISN] = side.isn
    counts[at + BASE] = side.base
    counts[at + HEADERS] = headersOf(side)
    counts[at + FIN_FRAME] = side.finFrame
    counts[at + STAMP] = side.stamp
    counts[at + IRREGULAR] = isRegular(side) ? -1 : this.#addIrregular(side)
    numbers[n + BYTES] = side.bytes
    numbers[n + FIN] = side.finTime
  }

  /** The row of what is irregular about a side. */
  #addIrregular(side: SideRecord): number {
    const { retransmissions, outOfOrder, captureDuplicates, missing, resetFrame, resetTime } = side
    // In the order of the columns.
    const values = [retransmissions, outOfOrder, captureDuplicates, missing, resetFrame, resetTime]
    const table = this.#table
    const row = table.irregularCount++
    table.irregular = withRoom(table.irregular, table.irregularCount * IRREGULAR_WIDTH)
    table.irregular.set(values, row * IRREGULAR_WIDTH)
    return row
  }

  #addExchanges({ numbers, texts, ids }: ExchangeTable): void {
    const table = this.#table
    const first = table.exchangeCount
    table.exchangeCount += ids.length
    table.exchangeNumbers = withRoom(table.exchangeNumbers, table.exchangeCount * EXCHANGE_WIDTH)
    table.exchangeTexts = withRoom(table.exchangeTexts, table.exchangeCount * EXCHANGE_TEXTS)
    table.exchangeNumbers.set(numbers, first * EXCHANGE_WIDTH)
    const at = first * EXCHANGE_TEXTS
    for (let i = 0; i < texts.length; i++) table.exchangeTexts[at + i] = this.#placeOrNone(texts[i]!)
    for (let i = 0; i < ids.length; i++) if (ids[i]!.length > 0) table.exchangeIds.set(first + i, ids[i]!)
  }

  #placeOfServer(address: number, { serverAddress, serverPort }: ConnectionRecord): number {
    const key = address * 65_536 + serverPort
    let place = this.#servers.get(key)
    if (place === undefined) this.#servers.set(key, (place = this.#place(formatEndpoint(serverAddress, serverPort))))
    return place
  }

  #placeOrNone(text: string | null): number {
    return text === null ? -1 : this.#place(text)
  }

  /** Equal texts have one place. */
  #place(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const place = this.#table.strings.push(text) - 1
    this.#places.set(text, place)
    return place
  }
}

/** Room that a first table begins with, which grows; those behind it have all of theirs. */
const FEW = 64

const createTable = (rows: number): ConnectionTable =>
  alike({
    count: 0,
    counts: new Int32Array(rows * COUNTS),
    numbers: new Float64Array(rows * NUMBERS),
    irregularCount: 0,
    irregular: new Float64Array(0),
    exchangeCount: 0,
    exchangeNumbers: new Float64Array(rows * EXCHANGE_WIDTH),
    exchangeTexts: new Int32Array(rows * EXCHANGE_TEXTS),
    exchangeIds: new Map(),
    strings: [],
    rare: new Map(),
  })

/**
 * A copy that is made here like all others: what was spread, or came from another thread, looks otherwise to V8, and all
 * that reads tables would be compiled anew for it.
 */
const alike = (table: ConnectionTable): ConnectionTable => ({
  count: table.count,
  counts: table.counts,
  numbers: table.numbers,
  irregularCount: table.irregularCount,
  irregular: table.irregular,
  exchangeCount: table.exchangeCount,
  exchangeNumbers: table.exchangeNumbers,
  exchangeTexts: table.exchangeTexts,
  exchangeIds: table.exchangeIds,
  strings: table.strings,
  rare: table.rare,
})

function putMoment({ counts, numbers }: ConnectionTable, frame: number, time: number, value: Moment | null): void {
  counts[frame] = value === null ? -1 : value.frame
  numbers[time] = value === null ? -1 : value.time
}

function kindOf(record: ConnectionRecord): number {
  const { speaks, inside } = record
  let kind = isBegunBySyn(record) ? SYN_BIT : 0
  kind |= ORIENTATIONS.indexOf(record.orientation) << ORIENTATION_SHIFT
  kind |= record.lastFrom << LAST_FROM_SHIFT
  kind |= spokenBits(speaks[0], 0) | spokenBits(speaks[1], 1)
  return kind | spokenBits(inside[0], 2) | spokenBits(inside[1], 3)
}

const spokenBits = (spoken: Sniffed | null, at: number): number => SPOKEN.indexOf(spoken) << (at * SPOKEN_BITS)

/** Nothing that a row of `irregular` would tell otherwise than `REGULAR`. */
const isRegular = ({ retransmissions, outOfOrder, captureDuplicates, missing, resetFrame }: SideRecord): boolean =>
  retransmissions === 0 && outOfOrder === 0 && captureDuplicates === 0 && missing === 0 && resetFrame < 0

/** The one SYN of a connection is nearly always its first packet, and then not kept a second time. */
function isBegunBySyn({ syns, first }: ConnectionRecord): boolean {
  const [syn] = syns
  return syns.length === 1 && syn!.frame === first.frame && syn!.time === first.time
}

const headersOf = ({ ttl, mss, isn, base }: SideRecord): number =>
  (ttl + 1) | ((mss + 1) << MSS_SHIFT) | (isn < 0 ? 0 : ISN_BIT) | (base < 0 ? 0 : BASE_BIT)

function rareOf(record: ConnectionRecord): Rare | null {
  const { syns, synAckRepeats, interfaces, vlans, tls, http2, proxyHeader, proxiedFor } = record
  const { firstBytes, packets, packetsOmitted } = record
  const { troubled } = record.exchanges
  const isSynUsual = syns.length === 0 || isBegunBySyn(record)
  const isUsual =
    isSynUsual && synAckRepeats.length === 0 && interfaces.length < 2 && vlans.length < 2 && troubled.length === 0
  const isPlain = tls === null && http2 === null && !proxyHeader && firstBytes[0] === '' && firstBytes[1] === ''
  if (isUsual && isPlain && packets.length === 0) return null
  return {
    syns: isSynUsual ? null : trimmed(syns),
    synAckRepeats: synAckRepeats.length === 0 ? NO_MOMENTS : trimmed(synAckRepeats),
    interfaces: interfaces.length < 2 ? null : interfaces,
    vlans: vlans.length < 2 ? null : vlans,
    tls,
    http2,
    proxyHeader,
    proxiedFor,
    firstBytes,
    packets,
    packetsOmitted,
    troubled: trimmed(troubled),
  }
}

/** Without the room for more that V8 gives every array that grew: 16 items and as many again as half of them. */
const trimmed = <T>(list: readonly T[]): T[] => list.slice()

/** The column, or a longer one. */
function withRoom<T extends Int32Array | Float64Array>(column: T, length: number): T {
  if (length <= column.length) return column
  const larger = new (column.constructor as new (length: number) => T)(Math.max(length, column.length * 1.5))
  larger.set(column)
  return larger
}

const read = new WeakMap<readonly ConnectionTable[], readonly Connection[]>()

/** The connections of a capture in the order in which they began: the same objects every time. */
export function connectionsOf({ connections: tables }: Observations): readonly Connection[] {
  let list = read.get(tables)
  if (list === undefined) {
    const rows = tables
      .map(alike)
      .flatMap((table) => Array.from({ length: table.count }, (_, row) => new ConnectionRow(table, row)))
    read.set(tables, (list = rows.toSorted((a, b) => a.firstFrame - b.firstFrame)))
  }
  return list
}

/** Whether TLS of the capture could be read. */
export const hasDecrypted = (observations: Observations): boolean =>
  connectionsOf(observations).some(({ tls }) => tls?.decryption.is === 'decrypted')

/**
 * The connection of a row, and nothing that stays: to look at many of which few are needed. Its exchanges are in
 * `exchangeRowsOf` and `troubledOf`.
 */
export const connectionAt = (table: ConnectionTable, row: number): Connection => new ConnectionRow(table, row)

/** Rows of the exchanges that went well on a row's connection: from, and where the next connection's begin. */
export function exchangeRowsOf({ counts }: ConnectionTable, row: number): [from: number, to: number] {
  const from = counts[row * COUNTS + EXCHANGES]!
  return [from, from + counts[row * COUNTS + EXCHANGE_COUNT]!]
}

/** The other exchanges of a table, with the rows of their connections. */
export function troubledOf({ rare }: ConnectionTable): { row: number; exchange: Exchange }[] {
  return [...rare].flatMap(([row, { troubled }]) => troubled.map((exchange) => ({ row, exchange })))
}

/** Where a row's connection has its text in `strings`. */
export const connectionPlace = (
  { counts }: ConnectionTable,
  row: number,
  text: 'clientAddress' | 'serverAddress' | 'server',
): number => counts[row * COUNTS + PLACES[text]]!

const PLACES = { clientAddress: CLIENT_ADDRESS, serverAddress: SERVER_ADDRESS, server: SERVER }

/** The records of tables, to be added to another one. */
export function* recordsOf(tables: readonly ConnectionTable[]): Generator<ConnectionRecord> {
  for (const table of tables) for (let row = 0; row < table.count; row++) yield new ConnectionRow(table, row).record()
}

const NOTHING: Rare = {
  syns: null,
  synAckRepeats: [],
  interfaces: null,
  vlans: null,
  tls: null,
  http2: null,
  proxyHeader: false,
  proxiedFor: null,
  firstBytes: ['', ''],
  packets: [],
  packetsOmitted: 0,
  troubled: [],
}

/** A connection, read from its row. */
class ConnectionRow implements Connection {
  readonly #table: ConnectionTable
  readonly #row: number
  /** Most connections have carried one, and a list of it takes more than it does. */
  #exchanges: readonly Exchange[] | Exchange | null = null

  constructor(table: ConnectionTable, row: number) {
    this.#table = table
    this.#row = row
  }

  #count(column: number): number {
    return this.#table.counts[this.#row * COUNTS + column]!
  }

  #text(column: number): string {
    return this.#table.strings[this.#count(column)]!
  }

  #spoken(at: number): Sniffed | null {
    return SPOKEN[(this.#count(KIND) >> (at * SPOKEN_BITS)) & ((1 << SPOKEN_BITS) - 1)]!
  }

  #moment(frame: number, time: number): Moment | null {
    const found = this.#count(frame)
    return found < 0 ? null : { frame: found, time: this.#table.numbers[this.#row * NUMBERS + time]! }
  }

  get #rare(): Rare {
    return this.#table.rare.get(this.#row) ?? NOTHING
  }

  get firstFrame(): number {
    return this.#count(FIRST_FRAME)
  }

  get client(): string {
    return formatEndpoint(this.clientAddress, this.clientPort)
  }

  get clientPort(): number {
    return this.#count(CLIENT_PORT)
  }

  get server(): string {
    return this.#text(SERVER)
  }

  get clientAddress(): string {
    return this.#text(CLIENT_ADDRESS)
  }

  get serverAddress(): string {
    return this.#text(SERVER_ADDRESS)
  }

  get serverPort(): number {
    return this.#count(SERVER_PORT)
  }

  get orientation(): Connection['orientation'] {
    return ORIENTATIONS[(this.#count(KIND) >> ORIENTATION_SHIFT) & 3]!
  }

  get first(): Moment {
    return this.#moment(FIRST_FRAME, FIRST)!
  }

  get last(): Moment {
    return this.#moment(LAST_FRAME, LAST)!
  }

  get lastFrom(): SideIndex {
    return ((this.#count(KIND) >> LAST_FROM_SHIFT) & 1) as SideIndex
  }

  get syns(): Moment[] {
    return (this.#count(KIND) & SYN_BIT) === 0 ? (this.#rare.syns ?? []) : [this.first]
  }

  get synAck(): Moment | null {
    return this.#moment(SYN_ACK_FRAME, SYN_ACK)
  }

  get synAckRepeats(): Moment[] {
    return this.#rare.synAckRepeats
  }

  get established(): Moment | null {
    return this.#moment(ESTABLISHED_FRAME, ESTABLISHED)
  }

  get sides(): [SideRow, SideRow] {
    return [new SideRow(this.#table, this.#row, 0), new SideRow(this.#table, this.#row, 1)]
  }

  get speaks(): [Sniffed | null, Sniffed | null] {
    return [this.#spoken(0), this.#spoken(1)]
  }

  get inside(): [Sniffed | null, Sniffed | null] {
    return [this.#spoken(2), this.#spoken(3)]
  }

  get tls(): TlsFacts | null {
    return this.#rare.tls
  }

  get http2(): Http2Facts | null {
    return this.#rare.http2
  }

  get proxyHeader(): boolean {
    return this.#rare.proxyHeader
  }

  get proxiedFor(): ProxiedFor | null {
    return this.#rare.proxiedFor
  }

  get packets(): number[] {
    return this.#rare.packets
  }

  get packetsOmitted(): number {
    return this.#rare.packetsOmitted
  }

  get firstBytes(): [string, string] {
    return this.#rare.firstBytes
  }

  get interfaces(): number[] {
    return this.#rare.interfaces ?? some(this.#count(INTERFACE))
  }

  get vlans(): number[] {
    return this.#rare.vlans ?? [this.#count(VLAN)]
  }

  get exchangeCount(): number {
    return this.#count(EXCHANGE_COUNT) + this.#rare.troubled.length
  }

  get exchanges(): readonly Exchange[] {
    const known = (this.#exchanges ??= this.#readExchanges())
    return isList(known) ? known : [known]
  }

  #readExchanges(): readonly Exchange[] | Exchange {
    const { troubled } = this.#rare
    const list = Array<Exchange>(this.exchangeCount)
    for (const exchange of troubled) list[exchange.ordinal] = exchange
    const first = this.#count(EXCHANGES)
    for (let row = first; row < first + this.#count(EXCHANGE_COUNT); row++) {
      const exchange = new ExchangeRow(this.#table, row)
      list[exchange.ordinal] = exchange
    }
    return list.length === 1 ? list[0]! : list
  }

  /** As it was added. */
  record(): ConnectionRecord {
    const { clientAddress, serverAddress, clientPort, serverPort, orientation, first, last, lastFrom } = this
    const {
      syns,
      synAck,
      established,
      synAckRepeats,
      sides,
      speaks,
      inside,
      tls,
      http2,
      proxyHeader,
      proxiedFor,
      packets,
      packetsOmitted,
    } = this
    const { firstBytes, interfaces, vlans } = this
    const exchanges: ExchangeTable = { numbers: [], texts: [], ids: [], troubled: this.#rare.troubled }
    const row = this.#count(EXCHANGES)
    for (let i = 0; i < this.#count(EXCHANGE_COUNT); i++) copyRow(this.#table, row + i, exchanges)
    return {
      clientAddress,
      serverAddress,
      clientPort,
      serverPort,
      orientation,
      first,
      last,
      lastFrom,
      syns,
      synAck,
      synAckRepeats,
      established,
      sides,
      speaks,
      inside,
      tls,
      http2,
      proxyHeader,
      proxiedFor,
      packets,
      packetsOmitted,
      firstBytes,
      interfaces,
      vlans,
      exchanges,
      exchangeCount: this.exchangeCount,
    }
  }
}

const isList = (exchanges: readonly Exchange[] | Exchange): exchanges is readonly Exchange[] => Array.isArray(exchanges)

const some = (value: number): number[] => (value < 0 ? [] : [value])

class SideRow implements Side, SideRecord {
  readonly #table: ConnectionTable
  readonly #counts: number
  readonly #numbers: number

  constructor(table: ConnectionTable, row: number, side: number) {
    this.#table = table
    this.#counts = row * COUNTS + SIDES + side * SIDE_COUNTS
    this.#numbers = row * NUMBERS + SIDE_NUMBERS_AT + side * SIDE_NUMBERS
  }

  #count(column: number): number {
    return this.#table.counts[this.#counts + column]!
  }

  #irregular(column: number): number {
    const row = this.#count(IRREGULAR)
    return row < 0 ? REGULAR[column]! : this.#table.irregular[row * IRREGULAR_WIDTH + column]!
  }

  get bytes(): number {
    return this.#table.numbers[this.#numbers + BYTES]!
  }

  get segments(): number {
    return this.#count(SEGMENTS)
  }

  get retransmissions(): number {
    return this.#irregular(RETRANSMISSIONS)
  }

  get outOfOrder(): number {
    return this.#irregular(OUT_OF_ORDER)
  }

  get captureDuplicates(): number {
    return this.#irregular(DUPLICATES)
  }

  get missing(): number {
    return this.#irregular(MISSING)
  }

  get largest(): number {
    return this.#count(LARGEST)
  }

  get largestAcked(): number {
    return this.#count(LARGEST_ACKED)
  }

  get isn(): number {
    return (this.#count(HEADERS) & ISN_BIT) === 0 ? -1 : this.#count(ISN) >>> 0
  }

  get base(): number {
    return (this.#count(HEADERS) & BASE_BIT) === 0 ? -1 : this.#count(BASE) >>> 0
  }

  get mss(): number {
    return ((this.#count(HEADERS) >> MSS_SHIFT) & ((1 << 17) - 1)) - 1
  }

  get ttl(): number {
    return (this.#count(HEADERS) & ((1 << MSS_SHIFT) - 1)) - 1
  }

  get stamp(): number {
    return this.#count(STAMP)
  }

  get finFrame(): number {
    return this.#count(FIN_FRAME)
  }

  get finTime(): number {
    return this.#table.numbers[this.#numbers + FIN]!
  }

  get resetFrame(): number {
    return this.#irregular(RESET_FRAME) | 0
  }

  get resetTime(): number {
    return this.#irregular(RESET)
  }

  get fin(): Moment | null {
    const frame = this.finFrame
    return frame < 0 ? null : { frame, time: this.finTime }
  }

  get reset(): Moment | null {
    const frame = this.resetFrame
    return frame < 0 ? null : { frame, time: this.resetTime }
  }
}
