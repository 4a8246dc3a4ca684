// Tables over everything observed: orders and filters over the columns that the observations are kept in. Rows are numbered
// through, `id`, and only those that are shown are read.
import { type DiagnosisDocument, incidentsOfExchanges, ownTimestamp, type Story } from '@pcap-surgery/core'
import type { Row, RowFacts, TableName, TableQuery, TableView, Traffic } from '../session/protocol.ts'
import { CONNECTION_COLUMNS, EXCHANGE_COLUMNS } from '../tables/columns.ts'
import { connectionFacts, exchangeFacts } from './tables/facts.ts'
import { matching } from './tables/filter.ts'
import { keysOf } from './tables/keys.ts'
import { CONNECTIONS, EXCHANGES } from './tables/readers.ts'
import { connectionIn, exchangeIn, exchangesIn, leafOf, type Shelf, shelve } from './tables/shelf.ts'
import { sortedBy } from './tables/sort.ts'

/** Bars of the overview's background. */
const BINS = 240

export class Tables {
  readonly #shelf: Shelf
  readonly #story: Story
  /** Incident by number of the exchange. */
  readonly #incidents: ReadonlyMap<number, string>
  /** Rows in order of time, and in the order asked for last. */
  readonly #inTime = new Map<TableName, Uint32Array>()
  readonly #sorted = new Map<TableName, { by: string; order: Uint32Array }>()
  readonly #views = new Map<TableName, Uint32Array>()

  constructor(story: Story, document: Pick<DiagnosisDocument, 'incidents' | 'masked'>) {
    this.#story = story
    this.#shelf = shelve(story.captures)
    this.#incidents = placed(this.#shelf, incidentsOfExchanges(story, document))
  }

  /** A column that the table does not have sorts as none does. */
  view({ table, sort, filter }: TableQuery): TableView {
    let order = this.#ordered(table, sort)
    if (filter.trim() !== '') {
      const isIn = matching(this.#shelf, table, filter, this.#incidents)
      order = order.filter((id) => isIn[id] === 1)
    }
    this.#views.set(table, order)
    return { rows: order.length, of: this.#shelf[table] }
  }

  #ordered(table: TableName, sort: TableQuery['sort']): Uint32Array {
    let inTime = this.#inTime.get(table)
    if (inTime === undefined) {
      const all = Uint32Array.from({ length: this.#shelf[table] }, (_, id) => id)
      inTime = sortedBy(keysOf(this.#shelf, table, 'start')!, all, false)
      this.#inTime.set(table, inTime)
    }
    if (sort === null) return inTime
    const by = `${sort.column} ${sort.descending}`
    const known = this.#sorted.get(table)
    if (known?.by === by) return known.order
    const keys = sort.column === 'incident' ? this.#incidentKeys(table) : keysOf(this.#shelf, table, sort.column)
    const order = keys === null ? inTime : sortedBy(keys, inTime, sort.descending)
    this.#sorted.set(table, { by, order })
    return order
  }

  /** Masked ones (`m1`) behind the others. */
  #incidentKeys(table: TableName): Float64Array | null {
    if (table !== 'exchanges') return null
    const keys = new Float64Array(this.#shelf.exchanges).fill(NaN)
    for (const [id, incident] of this.#incidents)
      keys[id] = incident.startsWith('m') ? 1e9 + Number(incident.slice(1)) : Number(incident)
    return keys
  }

  /** Rows of the last view of the table; fewer where it ends. */
  rows(table: TableName, from: number, count: number): Row[] {
    const view = this.#views.get(table) ?? new Uint32Array(0)
    return Array.from(view.subarray(from, from + count), (id) => this.#row(table, id))
  }

  #row(table: TableName, id: number): Row {
    const leaf = leafOf(this.#shelf, table, id)
    const first = this.#story.captures[0]!
    if (table === 'connections') {
      const row = connectionIn(leaf, id - leaf.connections)
      return { id, cells: CONNECTION_COLUMNS.map((column) => CONNECTIONS[column.id].cell(row, first)) }
    }
    const row = exchangeIn(leaf, id - leaf.exchanges)
    const incident = this.#incidents.get(id) ?? null
    return {
      id,
      cells: EXCHANGE_COLUMNS.map((column) =>
        column.id === 'incident' ? incident : EXCHANGES[column.id].cell(row, first),
      ),
    }
  }

  /** All that is known of a row; null where there is none of this number. */
  facts(table: TableName, id: number): RowFacts | null {
    if (!Number.isInteger(id) || id < 0 || id >= this.#shelf[table]) return null
    const leaf = leafOf(this.#shelf, table, id)
    const first = this.#story.captures[0]!
    return table === 'connections'
      ? connectionFacts(connectionIn(leaf, id - leaf.connections), first)
      : exchangeFacts(exchangeIn(leaf, id - leaf.exchanges), first, this.#incidents.get(id) ?? null)
  }

  /** Exchanges over the time of the captures; each as often as captures show it. */
  traffic(bins: number = BINS): Traffic {
    const times = keysOf(this.#shelf, 'exchanges', 'start')!
    let [first, last] = [Infinity, -Infinity]
    for (const time of times) {
      // What has no time compares as false.
      if (time < first) first = time
      if (time > last) last = time
    }
    const exchanges = Array.from({ length: bins }, () => 0)
    if (first > last) return { begin: '', binSeconds: 0, exchanges: [] }
    const wide = Math.max(1, (last - first) / bins)
    for (const time of times) {
      if (!Number.isNaN(time)) exchanges[Math.min(bins - 1, Math.floor((time - first) / wide))]!++
    }
    return { begin: ownTimestamp(this.#story.captures[0]!.observations, first), binSeconds: wide / 1e9, exchanges }
  }
}

/** The numbers of the incidents' exchanges. */
function placed(shelf: Shelf, found: ReturnType<typeof incidentsOfExchanges>): Map<number, string> {
  /** By capture and first frame of the connection. */
  const wanted = new Map<string, Map<number, string>>()
  for (const { capture, firstFrame, ordinal, incident } of found) {
    const key = `${capture} ${firstFrame}`
    const ordinals = wanted.get(key) ?? new Map<number, string>()
    wanted.set(key, ordinals.set(ordinal, incident))
  }
  const incidents = new Map<number, string>()
  if (wanted.size === 0) return incidents
  for (const leaf of shelf.leaves) {
    for (let local = 0; local < exchangesIn(leaf); local++) {
      const { connection, exchange } = exchangeIn(leaf, local)
      const incident = wanted.get(`${leaf.index} ${connection.first.frame}`)?.get(exchange.ordinal)
      if (incident !== undefined) incidents.set(leaf.exchanges + local, incident)
    }
  }
  return incidents
}
