// A capture that is still being written: standard input, or a file of which more may come.
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks at a file's end. */
const POLL_MS = 200
/** Whoever writes into the pipe gets the same signal, and this long to write what it holds. */
const FLUSH_MS = 1000
const CHUNK = 1 << 20

export interface Growing {
  chunks: AsyncIterable<Uint8Array>
  /** Ends it: nothing more is read. */
  stop(): void
  close(): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Follows a file, or `-`, until it is interrupted: a second signal is not waited for. Throws what opening it throws. */
export async function growing(file: string): Promise<Growing> {
  const stopped = new AbortController()
  const handle = file === '-' ? null : await open(file)
  const stop = (): void => {
    stopped.abort()
    process.stdin.destroy()
  }
  const interrupted = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupted)
    if (handle === null) setTimeout(stop, FLUSH_MS).unref()
    else stop()
  }
  for (const signal of SIGNALS) process.on(signal, interrupted)

  async function* piped(): AsyncGenerator<Uint8Array> {
    try {
      yield* process.stdin as AsyncIterable<Uint8Array>
    } catch (error) {
      if (!stopped.signal.aborted) throw error
    }
  }
  async function* appended(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(CHUNK)
    while (!stopped.signal.aborted) {
      const { bytesRead } = await handle!.read(buffer, 0, CHUNK, null)
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
      else await sleep(POLL_MS, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }
  return {
    chunks: handle === null ? piped() : appended(),
    stop,
    async close(): Promise<void> {
      for (const signal of SIGNALS) process.off(signal, interrupted)
      await handle?.close()
    },
  }
}
