// Where times go: by so many seconds, and at another rate.
import type { Instant } from '../capture/packet.ts'
import type { Retime } from './copier.ts'

const BILLION = 1_000_000_000

/** A time later by a span, which may be negative as a time may: -0.5 s is second -1 and 500,000,000 ns. */
export function later({ seconds, nanoseconds }: Instant, by: Instant): Instant {
  const sum = nanoseconds + by.nanoseconds
  const whole = Math.floor(sum / BILLION)
  return { seconds: seconds + by.seconds + whole, nanoseconds: sum - whole * BILLION }
}

/** The span between two times. */
export const between = (from: Instant, to: Instant): Instant => later(to, opposite(from))

const opposite = ({ seconds, nanoseconds }: Instant): Instant =>
  nanoseconds === 0
    ? { seconds: -seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: BILLION - nanoseconds }

/** Later by `by`; and from the first time asked for on, by `driftPpm` microseconds more each second. */
export function shifted(by: Instant, driftPpm: number): Retime {
  if (driftPpm === 0) return (time) => later(time, by)
  let first: Instant | null = null
  return (time) => {
    first ??= { seconds: time.seconds, nanoseconds: time.nanoseconds }
    const since = between(first, time)
    // Whole seconds and the rest apart: a double holds either product to less than a nanosecond.
    const drift = Math.round(since.seconds * driftPpm * 1000 + (since.nanoseconds * driftPpm) / 1e6)
    const seconds = Math.floor(drift / BILLION)
    return later(later(time, by), { seconds, nanoseconds: drift - seconds * BILLION })
  }
}
