// A capture's time and the story's. Clocks run apart, at their own pace, and are set now and then: so one becomes the
// other by pieces, each a line. Nearly all captures have one piece of rate 0, for which this is an addition.

/**
 * A stretch in which a capture's clock kept its pace: `time` is `time + shift + rate * (time - from)` in the story, in
 * nanoseconds. It goes from `from` to the next piece; the first one also holds before.
 */
export interface ClockPiece {
  from: number
  shift: number
  rate: number
}

/** What has a clock: at least one piece, in order. */
export interface Clocked {
  pieces: readonly ClockPiece[]
}

/** Index of the piece that holds at a time of the capture. */
export function pieceAt({ pieces }: Clocked, time: number): number {
  let at = pieces.length - 1
  while (at > 0 && time < pieces[at].from) at--
  return at
}

/** Story time of a capture's time. */
export function toStory(clock: Clocked, time: number): number {
  const { from, shift, rate } = clock.pieces[pieceAt(clock, time)]
  return rate === 0 ? time + shift : time + shift + rate * (time - from)
}

/** A capture's time at a story time. */
export function fromStory({ pieces }: Clocked, time: number): number {
  let at = pieces.length - 1
  while (at > 0 && time < beginOf(pieces, at)) at--
  const { from, shift, rate } = pieces[at]
  return rate === 0 ? time - shift : from + (time - shift - from) / (1 + rate)
}

/** The pieces that lead from a time over `inner` to a second one, and over `outer` to a third. */
export function composed(inner: readonly ClockPiece[], outer: readonly ClockPiece[]): ClockPiece[] {
  const starts = inner.map(({ from }) => from)
  for (const { from } of outer.slice(1)) starts.push(fromStory({ pieces: inner }, from))
  return [...new Set(starts)]
    .toSorted((a, b) => a - b)
    .map((from): ClockPiece => {
      const between = toStory({ pieces: inner }, from)
      const one = inner[pieceAt({ pieces: inner }, from)]
      const other = outer[pieceAt({ pieces: outer }, between)]
      const rate = (1 + one.rate) * (1 + other.rate) - 1
      return {
        from,
        shift: toStory({ pieces: outer }, between) - from,
        rate: one.rate === 0 && other.rate === 0 ? 0 : rate,
      }
    })
}

/** The pieces that lead back. */
export const inverse = (pieces: readonly ClockPiece[]): ClockPiece[] =>
  pieces.map(({ from, shift, rate }, at) => {
    const begin = beginOf(pieces, at)
    const back = rate === 0 ? 0 : 1 / (1 + rate) - 1
    return { from: begin, shift: -shift + back * (begin - from - shift), rate: back }
  })

/**
 * Story time at which a piece begins. Where a clock leapt nobody knows when, on either clock: in the middle of the one
 * is in the middle of the other.
 */
function beginOf(pieces: readonly ClockPiece[], at: number): number {
  const { from, shift } = pieces[at]
  if (at === 0) return from + shift
  const before = pieces[at - 1]
  return from + (shift + before.shift + before.rate * (from - before.from)) / 2
}

/**
 * The time of a packet on the clock of the first capture. `epoch` and `first` are the epochs of its own capture and of
 * that one.
 */
export function onFirstClock(
  clock: Clocked,
  epoch: number,
  first: number,
  { seconds, nanoseconds }: { seconds: number; nanoseconds: number },
): { seconds: number; nanoseconds: number } {
  const time = Math.round(toStory(clock, (seconds - epoch) * 1e9 + nanoseconds))
  const whole = Math.floor(time / 1e9)
  return { seconds: first + whole, nanoseconds: time - whole * 1e9 }
}
