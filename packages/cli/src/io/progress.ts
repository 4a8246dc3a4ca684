// One line on standard error that shows how far long work is. Silent where nobody watches, and for short work.
import { visible } from '@pcap-surgery/core'

const PATIENCE = 500 // milliseconds before the line appears
const PERIOD = 100 // milliseconds between two updates

export interface Progress {
  /** Bytes read of `size` (null: unknown) and frames found. */
  report(bytes: number, frames: number): void
  /** Wipes the line. */
  done(): void
}

export function progress(file: string, size: number | null, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { report: () => {}, done: () => {} }
  let next = performance.now() + PATIENCE
  let shown = false
  return {
    report(bytes, frames) {
      const now = performance.now()
      if (now < next) return
      next = now + PERIOD
      shown = true
      const part = size ? `${Math.min(100, Math.floor((bytes / size) * 100))} %` : `${(bytes / 1e6).toFixed(0)} MB`
      const line = `${visible(file)}  ${part}  ${frames.toLocaleString('en-US')} frames`
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`)
    },
    done() {
      if (shown) stream.write('\r\x1b[K')
    },
  }
}
