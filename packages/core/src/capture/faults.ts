// Faults of a capture file, kept with the other things that are known about it.
import type { CaptureInfo } from './packet.ts'

/** So many faults that do not stop the reader are kept; a file that repeats one a million times costs no memory. */
const KEPT = 100

export const emptyInfo = (): CaptureInfo => ({
  format: null,
  interfaces: [],
  faults: [],
  frames: 0,
  comments: [],
  names: [],
  keyLogs: [],
})

/** Notes a fault at a byte offset of the capture. A fatal one is always kept. */
export function addFault(info: CaptureInfo, offset: number, fatal: boolean, text: string): void {
  if (fatal || info.faults.length < KEPT) info.faults.push({ offset, afterFrame: info.frames, text, fatal })
}

/** `1 byte`, `16 bytes`. */
export const bytesText = (count: number): string => `${count} ${count === 1 ? 'byte' : 'bytes'}`
