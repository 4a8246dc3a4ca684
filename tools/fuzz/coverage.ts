// Which blocks of the code an input reaches, by V8's own counters: what is new is worth keeping. And how many blocks ran
// is work that does not depend on the machine.
import { Session } from 'node:inspector'

export class Coverage {
  readonly #session = new Session()
  readonly #script: string
  /** Places in the script: both ends of a block as one number. */
  readonly #seen = new Set<number>()

  /** `script`: the end of the URL of the one that is watched. */
  constructor(script: string) {
    this.#script = script
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Different blocks that were reached. */
  get blocks(): number {
    return this.#seen.size
  }

  /** What ran since this was asked last: runs of all blocks, and the blocks that are not in the books yet. */
  take(): { fresh: number[]; work: number } {
    const fresh: number[] = []
    let work = 0
    // Answers before `post` returns: the inspector is in this very thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error
      for (const script of answer.result) {
        if (!script.url.endsWith(this.#script)) continue
        for (const { ranges } of script.functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            work += count
            const place = startOffset * 2 ** 24 + endOffset
            if (count > 0 && !this.#seen.has(place)) fresh.push(place)
          }
        }
      }
    })
    return { fresh, work }
  }

  /** Enters blocks in the books. */
  keep(fresh: readonly number[]): void {
    for (const place of fresh) this.#seen.add(place)
  }
}
