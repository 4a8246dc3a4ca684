// Incidents of a capture that goes on: each told when it is over, and again when what came later changes its verdict.
import type { LiveCapture } from '../observe/observe.ts'
import type { Observations } from '../observe/observations.ts'
import { correlate } from '../story/correlate.ts'
import type { DiagnosisDocument, Incident, Vantage } from './document.ts'
import { diagnoseInTime, type Span } from './diagnose.ts'

/** An incident that is news. */
export interface Told {
  incident: Incident
  isMasked: boolean
  /** How often its verdict has changed since it was first told. */
  revision: number
  /** What came since shows that nothing failed. */
  isWithdrawn: boolean
}

export interface WatchOptions {
  /** Seconds of capture for which what is over is kept: what may still be told of, and what it is judged by. */
  horizonSeconds: number
  /** Seconds of capture after the end of an incident before it is told: what comes late belongs to it. */
  graceSeconds: number
  /** What the user says of where it is taken; null: nothing. */
  vantage: Vantage | null
}

/** What was told of an incident, and when that was. */
interface Known extends Told {
  verdict: string
  span: Span
}

export class Watch {
  readonly #capture: LiveCapture
  readonly #options: WatchOptions
  /** By what makes an incident the same one. */
  readonly #known = new Map<string, Known>()
  #count = { incident: 0, masked: 0 }
  /** Exchanges that went well and were let go. */
  #healthy = 0
  /** Time of the capture up to which things were let go, in nanoseconds after its epoch. */
  #forgotten = -Infinity

  constructor(capture: LiveCapture, options: WatchOptions) {
    this.#capture = capture
    this.#options = options
  }

  /** Looks at the capture as it stands, and answers what is new. `quietSeconds`: how long nothing has been captured. */
  look(quietSeconds: number): Told[] {
    const observations = this.#capture.standing()
    if (observations.frames === 0) return []
    const diagnosed = this.#diagnose(observations)
    const told = this.#tell(diagnosed, observations.last + (quietSeconds - this.#options.graceSeconds) * 1e9)
    this.#letGo(observations, diagnosed.document)
    return told
  }

  /** The capture is over: tells the rest. The document counts all exchanges that went well. */
  end(observations: Observations): { told: Told[]; document: DiagnosisDocument } {
    const diagnosed = this.#diagnose(observations)
    const { document } = diagnosed
    const told = this.#tell(diagnosed, Infinity)
    return { told, document: { ...document, healthy: { exchanges: this.#healthy + document.healthy.exchanges } } }
  }

  #diagnose(observations: Observations): ReturnType<typeof diagnoseInTime> {
    const { vantage } = this.#options
    return diagnoseInTime(correlate([observations], vantage === null ? {} : { vantages: new Map([[0, vantage]]) }))
  }

  /** Those that were over at `until`, in story time. */
  #tell({ document: { incidents, masked }, spans }: ReturnType<typeof diagnoseInTime>, until: number): Told[] {
    const all = [
      ...incidents.map((incident) => ({ incident, isMasked: false })),
      ...masked.map((incident) => ({ incident, isMasked: true })),
    ]
    const seen = new Set<string>()
    const news = all.flatMap(({ incident, isMasked }): Known[] => {
      const span = spans.get(incident)!
      const name = nameOf(incident)
      seen.add(name)
      const known = this.#known.get(name)
      if (known === undefined ? span.end > until : span.start <= this.#forgotten) return []
      const verdict = `${incident.cause} ${incident.confidence} ${incident.status} ${isMasked}`
      if (known?.verdict === verdict) return []
      const id = known?.incident.id ?? (isMasked ? `m${++this.#count.masked}` : `${++this.#count.incident}`)
      const revision = known === undefined ? 0 : known.revision + 1
      const one = { incident: { ...incident, id }, isMasked, revision, isWithdrawn: false, verdict, span }
      this.#known.set(name, one)
      return [one]
    })
    return [...news, ...this.#withdrawn(seen)]
  }

  /** What was told, should still be there, and is not. */
  #withdrawn(seen: ReadonlySet<string>): Told[] {
    const gone = [...this.#known].filter(
      ([name, { span, isWithdrawn }]) => !seen.has(name) && !isWithdrawn && span.start > this.#forgotten,
    )
    return gone.map(([name, known]) => {
      const one = { ...known, revision: known.revision + 1, isWithdrawn: true, verdict: '' }
      this.#known.set(name, one)
      return one
    })
  }

  /** Lets go of what is older than the horizon: a quarter of that at a time, so that most looks have nothing to do. */
  #letGo(observations: Observations, { healthy }: DiagnosisDocument): void {
    const horizon = this.#options.horizonSeconds * 1e9
    const before = observations.last - horizon
    if (before - Math.max(this.#forgotten, observations.first) < horizon / 4) return
    this.#forgotten = before
    this.#capture.forget(before)
    const left = this.#diagnose(this.#capture.standing()).document
    this.#healthy += healthy.exchanges - left.healthy.exchanges
    const names = new Set([...left.incidents, ...left.masked].map(nameOf))
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
  }
}

/** The same request, or the same try, whatever is said of it. */
const nameOf = ({ time, client, proxyBack, upstream }: Incident): string =>
  client === null ? `${time} ${proxyBack} ${upstream}` : `${time} ${client}`
