// Frames, read again from their files: one pass over a file for all frames of the incident that is looked at, as soon as
// one of them is asked for.
import {
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
}

const keptOf = new WeakMap<Session, Kept>()

const keyOf = ({ capture, frame }: FrameRef): string => `${capture} ${frame}`

function kept(session: Session): Kept {
  let own = keptOf.get(session)
  if (own === undefined) keptOf.set(session, (own = { frames: new Map(), bytes: 0, expected: [] }))
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
export async function frames(session: Session, wanted: readonly FrameRef[]): Promise<FrameDetail[]> {
  const own = kept(session)
  const missing = wanted.filter((ref) => !own.frames.has(keyOf(ref)))
  if (missing.length > 0) await readAgain(session, own, missing)
  return wanted.flatMap((ref) => {
    const frame = own.frames.get(keyOf(ref))
    return frame === undefined ? [] : [detail(ref, frame)]
  })
}

async function readAgain(session: Session, own: Kept, missing: readonly FrameRef[]): Promise<void> {
  if (own.bytes > KEPT) {
    own.frames.clear()
    own.bytes = 0
  }
  for (const capture of new Set(missing.map((ref) => ref.capture))) {
    const file = session.captures[capture]?.file
    if (file === undefined) continue
    const all = [...missing, ...own.expected].filter((ref) => ref.capture === capture && !own.frames.has(keyOf(ref)))
    const numbers = new Set(all.map(({ frame }) => frame))
    const found = await readFrames({ open: () => bytesOf(file) }, numbers, { decompression })
    for (const frame of found.values()) {
      own.frames.set(keyOf({ capture, frame: frame.frame }), frame)
      own.bytes += frame.bytes.length
    }
  }
}

function detail(ref: FrameRef, { bytes, linkType, wireLength, seconds, nanoseconds }: ReadFrame): FrameDetail {
  const layers = dissect(bytes, linkType, wireLength)
  return { ...ref, time: timestamp(seconds, nanoseconds), linkType, wireLength, bytes, layers }
}
