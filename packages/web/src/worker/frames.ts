// Frames, read again from their files: one pass over a file for all frames of the incident that is looked at, as soon as
// one of them is asked for.
import {
  type Bytes,
  dissect,
  type FrameRef,
  ladderOf,
  type Ladder,
  type ReadFrame,
  readFrames,
  timestamp,
} from '@pcap-surgery/core'
import type { FrameDetail } from '../session/protocol.ts'
import { bytesOf } from './bytes.ts'
import { decompression } from './gzip.ts'
import { Refused, type Session } from './session.ts'

/** Bytes of frames kept; those of one incident are far fewer. */
const KEPT = 128 * 1024 * 1024

/** What was read of an open session, by capture and frame. */
interface Kept {
  frames: Map<string, ReadFrame>
  bytes: number
  /** Frames of the incident that is looked at. */
  expected: FrameRef[]
  /** One reads after the other: the first may bring what the second wants. */
  turn: Promise<void>
}

/** Told how many bytes of a file of how many were read. */
type OnProgress = (bytes: number, total: number | null) => void

const keptOf = new WeakMap<Session, Kept>()

const keyOf = ({ capture, frame }: FrameRef): string => `${capture} ${frame}`

function kept(session: Session): Kept {
  let own = keptOf.get(session)
  if (own === undefined)
    keptOf.set(session, (own = { frames: new Map(), bytes: 0, expected: [], turn: Promise.resolve() }))
  return own
}

/** The sequence diagram of an incident. Its frames are what `frames` reads from now on beside those asked for. */
export function ladder(session: Session, id: string): Ladder {
  const { incidents, masked } = session.document
  const incident = [...incidents, ...masked].find((one) => one.id === id)
  if (incident === undefined) throw new Refused('this incident is not in the document')
  const drawn = ladderOf(session.story, incident)
  const cited = [...incident.findings, ...incident.timeline, ...incident.checklist, ...incident.ruledOut]
  kept(session).expected = [...drawn.arrows, ...cited].flatMap(({ frames: refs }) => refs)
  return drawn
}

/** The frames asked for, with their layers; those that the file does not have (any more) are left out. */
export async function frames(
  session: Session,
  wanted: readonly FrameRef[],
  onProgress: OnProgress = () => {},
): Promise<FrameDetail[]> {
  const own = kept(session)
  const read = own.turn.then(() => readAgain(session, own, wanted, onProgress))
  own.turn = read.catch(() => {})
  await read
  return wanted.flatMap((ref) => {
    const frame = own.frames.get(keyOf(ref))
    return frame === undefined ? [] : [detail(ref, frame)]
  })
}

/** Reads what is not kept yet, and with it what will be wanted next. */
async function readAgain(
  session: Session,
  own: Kept,
  wanted: readonly FrameRef[],
  onProgress: OnProgress,
): Promise<void> {
  if (own.bytes > KEPT) {
    own.frames.clear()
    own.bytes = 0
  }
  const missing = (refs: readonly FrameRef[], capture: number): number[] =>
    refs.flatMap((ref) => (ref.capture === capture && !own.frames.has(keyOf(ref)) ? [ref.frame] : []))
  for (const capture of new Set(wanted.map((ref) => ref.capture))) {
    const file = session.captures[capture]?.file
    if (file === undefined) continue
    const read = async (numbers: readonly number[]): Promise<void> => {
      const input = { open: () => counted(bytesOf(file), (bytes) => onProgress(bytes, file.size)) }
      for (const frame of (await readFrames(input, new Set(numbers), { decompression })).values()) {
        own.frames.set(keyOf({ capture, frame: frame.frame }), frame)
        own.bytes += frame.bytes.length
      }
    }
    const asked = missing(wanted, capture)
    if (asked.length === 0) continue
    const together = [...asked, ...missing(own.expected, capture)]
    await read(together)
    // Of very large frames the room may be used up before those that were asked for.
    const left = missing(wanted, capture)
    if (left.length > 0 && together.length > asked.length) await read(left)
  }
}

async function* counted(chunks: AsyncIterable<Bytes>, onBytes: (bytes: number) => void): AsyncGenerator<Bytes> {
  let bytes = 0
  for await (const chunk of chunks) {
    yield chunk
    bytes += chunk.length
    onBytes(bytes)
  }
}

function detail(ref: FrameRef, { bytes, linkType, wireLength, seconds, nanoseconds }: ReadFrame): FrameDetail {
  const layers = dissect(bytes, linkType, wireLength)
  return { ...ref, time: timestamp(seconds, nanoseconds), linkType, wireLength, bytes, layers }
}
