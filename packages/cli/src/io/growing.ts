// A capture that is still being written: standard input, a pipe with a name, or a file of which more may come.
import { open as openNumbered } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

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

/** A pipe as a stream, null of a file: who reads a pipe as a file cannot be interrupted while it is silent. */
async function pipeOf(file: string): Promise<Readable | null> {
  if (file === '-') return process.stdin
  if (!(await stat(file)).isFIFO()) return null
  return new Socket({ fd: await promisify(openNumbered)(file, 'r'), readable: true, writable: false })
}

/**
 * Follows a file until it is interrupted, a pipe (`-`, or one with a name) until its writer closes it as well: a second
 * signal is not waited for. Throws what opening it throws.
 */
export async function growing(file: string): Promise<Growing> {
  const stopped = new AbortController()
  const pipe = await pipeOf(file)
  const handle = pipe === null ? await open(file) : null
  const stop = (): void => {
    stopped.abort()
    pipe?.destroy()
  }
  const interrupted = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupted)
    if (pipe !== null) setTimeout(stop, FLUSH_MS).unref()
    else stop()
  }
  for (const signal of SIGNALS) process.on(signal, interrupted)

  async function* piped(stream: Readable): AsyncGenerator<Uint8Array> {
    try {
      yield* stream as AsyncIterable<Uint8Array>
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
    chunks: pipe === null ? appended() : piped(pipe),
    stop,
    async close(): Promise<void> {
      for (const signal of SIGNALS) process.off(signal, interrupted)
      await handle?.close()
    },
  }
}
