// pcap-surgery trim, shift, convert, repair: one capture in, one out.
import { copy, type CopyOptions, type FrameRange, handChooser, type Instant, shifted } from '@pcap-surgery/core'
import { decompression } from '../../io/gzip.ts'
import { say } from '../../io/talk.ts'
import type { FrameOption } from '../isolate/hand-cut.ts'
import { type CopyJob, type OutputOptions, runCopy } from './run.ts'

export interface TrimOptions extends OutputOptions {
  from?: Instant
  to?: Instant
  frames?: FrameOption[]
}

/** Keeps the packets of a span of time, or of these frames, or of both. */
export async function trimCommand(file: string, { from, to, frames, ...options }: TrimOptions): Promise<number> {
  const isTimed = from !== undefined || to !== undefined
  if (!isTimed && frames === undefined) {
    say('say what to keep: --from, --to, --frames')
    return 2
  }
  const ranges = frames?.flatMap((one): FrameRange[] => one.ranges) ?? null
  const times = isTimed ? [{ from: from ?? null, to: to ?? null }] : null
  const chooser = handChooser({ connections: null, filter: null, frames: ranges, times })
  return copyOne(file, { chooser }, { noPacket: 'no frame is in this span' }, options)
}

export interface ShiftOptions extends OutputOptions {
  by?: Instant
  drift?: number
}

/** Moves all times. */
export async function shiftCommand(file: string, { by, drift, ...options }: ShiftOptions): Promise<number> {
  if (by === undefined && drift === undefined) {
    say('say how far: --by SECONDS, --drift PPM')
    return 2
  }
  return copyOne(file, { retime: shifted(by ?? { seconds: 0, nanoseconds: 0 }, drift ?? 0) }, {}, options)
}

/** Writes the same capture in another format. */
export const convertCommand = (file: string, options: OutputOptions): Promise<number> => copyOne(file, {}, {}, options)

/** Writes what of a capture is whole. */
export const repairCommand = (file: string, options: OutputOptions): Promise<number> =>
  copyOne(file, { resume: true }, { isRepair: true }, options)

/** Copies a capture; what is not stated of how stays as it is. */
const copyOne = (
  file: string,
  how: Partial<CopyOptions>,
  what: Omit<CopyJob, 'copy'>,
  options: OutputOptions,
): Promise<number> =>
  runCopy(
    [file],
    {
      ...what,
      copy: async ({ sources: [{ chunks }], writer, onProgress }) => [
        await copy({ open: () => chunks }, writer, { ...AS_IT_IS, ...how, onProgress }),
      ],
    },
    options,
  )

const AS_IT_IS: CopyOptions = { decompression, chooser: null, retime: null, resume: false }
