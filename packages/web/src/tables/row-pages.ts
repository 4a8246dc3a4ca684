// Rows that are fetched in pages when they are wanted, and let go when they have not been for long.

const PAGE = 128
/** Pages that are kept. */
const MOST = 48
/** Asked for at once: more would wait for each other, and scrolling on makes them useless. */
const AT_ONCE = 2

export type Fetch<Row> = (from: number, count: number) => Promise<readonly Row[]>

export class RowPages<Row> {
  readonly count: number
  readonly #fetch: Fetch<Row>
  /** In the order in which they were wanted last. */
  readonly #pages = new Map<number, readonly Row[]>()
  readonly #asked = new Set<number>()
  readonly #listeners = new Set<() => void>()
  #wanted: number[] = []
  /** Changes whenever rows have come. */
  version: number = 0

  constructor(count: number, fetch: Fetch<Row>) {
    this.count = count
    this.#fetch = fetch
  }

  /** Undefined where it is not there yet. */
  get(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE]
  }

  /** These rows are on the screen; those that were wanted before no longer. */
  want(from: number, to: number): void {
    this.#wanted = []
    const last = Math.floor((Math.min(to, this.count) - 1) / PAGE)
    for (let page = Math.floor(Math.max(0, from) / PAGE); page <= last; page++) {
      const rows = this.#pages.get(page)
      if (rows === undefined) this.#wanted.push(page)
      else {
        this.#pages.delete(page)
        this.#pages.set(page, rows)
      }
    }
    this.#ask()
  }

  #ask(): void {
    for (const page of this.#wanted) {
      if (this.#asked.size >= AT_ONCE) return
      if (this.#asked.has(page)) continue
      this.#asked.add(page)
      void this.#take(page)
    }
  }

  async #take(page: number): Promise<void> {
    try {
      this.#pages.set(page, await this.#fetch(page * PAGE, PAGE))
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= MOST) break
        this.#pages.delete(old)
      }
    } catch {
      // Whoever fetches says what went wrong; the rows stay empty, and are asked for when they are wanted again.
    }
    this.#asked.delete(page)
    this.#wanted = this.#wanted.filter((one) => one !== page)
    this.version++
    for (const listener of this.#listeners) listener()
    this.#ask()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
