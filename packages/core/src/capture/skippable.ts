// Skippable frames, which zstd and lz4 share: a magic number, a length, bytes for somebody else (RFC 8878 section 3.1.2).
import { u32le } from '../bytes/read.ts'
import { lost, type FrameFault } from './frame-fault.ts'
import type { Intake } from './intake.ts'

const HEADER = 8

export const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5

/** Passes over the frame that begins at the intake; false when the source ends in it. */
export async function skipFrame(input: Intake, fault: FrameFault): Promise<boolean> {
  const start = input.offset
  let left = 0
  if (await input.fill(HEADER)) {
    left = u32le(input.take(HEADER), 4)
    while (left > 0 && (await input.fill(1))) {
      const taken = Math.min(left, input.end - input.at)
      input.take(taken)
      left -= taken
    }
    if (left === 0) return true
  }
  return lost(fault, 'the compressed data is cut in a skippable frame', start)
}
