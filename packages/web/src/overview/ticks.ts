// Labels of a line of time: how long after its beginning.

export interface Tick {
  /** Seconds after the beginning. */
  at: number
  label: string
  anchor: 'start' | 'middle' | 'end'
}

/** Seconds between two ticks that a person counts in. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]
/** Pixels that a label needs. */
const ROOM = 110

export function ticks(total: number, width: number): Tick[] {
  const most = Math.max(1, Math.floor(width / ROOM))
  const step = stepFor(total / most)
  const found: Tick[] = [{ at: 0, label: '', anchor: 'start' }]
  for (let at = step; at <= total; at += step) {
    const x = (at / total) * width
    if (x < ROOM) continue
    found.push({ at, label: offsetLabel(at, step), anchor: width - x < ROOM / 3 ? 'end' : 'middle' })
  }
  return found
}

/** The first step that is long enough: of a second and more as clocks have them, below by 1, 2 and 5. */
function stepFor(least: number): number {
  const known = least >= 0.5 ? STEPS.find((step) => step >= least) : undefined
  if (known !== undefined) return known
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999)!
}

/** `+2 s`, `+250 ms`, `+1 min 30 s`, `+2 h`: as exact as `step` asks for. */
export function offsetLabel(seconds: number, step: number): string {
  if (seconds < 1) return seconds < 0.001 ? `+${round(seconds * 1e6)} µs` : `+${round(seconds * 1e3)} ms`
  if (seconds < 120)
    return `+${step < 1 ? seconds.toFixed(Math.min(3, Math.ceil(-Math.log10(step)))) : round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  const rest = Math.round(seconds % 60)
  if (minutes < 120) return `+${minutes} min${rest === 0 ? '' : ` ${rest} s`}`
  return `+${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
}

const round = (value: number): string => String(Number(value.toPrecision(3)))

/** Time of day in UTC so many seconds after an RFC 3339 time, to the millisecond. */
export const clockAfter = (begin: string, seconds: number): string =>
  new Date(Date.parse(begin) + seconds * 1000).toISOString().slice(11, 23)
