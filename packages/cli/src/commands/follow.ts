// pcap-surgery diagnose --follow: a capture that goes on, and each incident when it is over.
import { type Bytes, LiveCapture, type Told, Watch } from '@pcap-surgery/core'
import { decompression } from '../io/gzip.ts'
import { readKeys } from '../io/keys.ts'
import { nodeCrypto } from '../io/crypto.ts'
import { growing } from '../io/growing.ts'
import { print } from '../io/output.ts'
import { reason } from '../io/source.ts'
import { say } from '../io/talk.ts'
import { ndjsonOf, ndjsonSummary } from '../render/ndjson.ts'
import { renderEnd, renderTold, type TextOptions } from '../render/text.ts'
import type { DiagnoseOptions } from './diagnose.ts'

/** Seconds of capture that are looked back on: an idle pooled connection, a timeout, a pool member taken out. */
const HORIZON_SECONDS = 300
/** Late answers, and the closing of connections, come after an incident is over for the client. */
const GRACE_SECONDS = 2
/** Milliseconds between two looks, and how many times longer than a look they are at least. */
const PERIOD_MS = 500
const REST = 4

/** Follows one capture to its end, or until interrupted. Answers the exit status. */
export async function followCommand(file: string, options: DiagnoseOptions, text: TextOptions): Promise<number> {
  const keys = await readKeys(options.keys ?? [])
  const source = await growing(file).catch((error: unknown) => {
    say(`${file}: ${reason(error)}`)
    return null
  })
  if (source === null) return 2
  const capture = new LiveCapture(
    { file, open: (): AsyncIterable<Bytes> => source.chunks },
    { decompression, crypto: nodeCrypto, ...(keys === null ? {} : { keys: keys.log }) },
  )
  const vantage = options.vantage?.at(-1)?.vantage ?? null
  const watch = new Watch(capture, { horizonSeconds: HORIZON_SECONDS, graceSeconds: GRACE_SECONDS, vantage })
  let told = 0
  const tell = (news: readonly Told[]): Promise<void> => {
    for (const { revision, isMasked } of news) if (revision === 0 && !isMasked) told++
    const line = options.format === 'ndjson' ? ndjsonOf : (one: Told): string => renderTold(file, one, text)
    return news.length === 0 ? Promise.resolve() : print(news.map(line).join(''))
  }
  // What cannot be told any more ends it too, and is the reason for that.
  let failure: Error | null = null
  const fail = (error: Error): void => {
    failure ??= error
    source.stop()
  }
  const looking = lookNowAndThen(capture, (quietSeconds) => {
    // A reader that has seen enough ends it.
    if (process.stdout.destroyed) source.stop()
    else tell(watch.look(quietSeconds)).catch(fail)
  })
  try {
    const observations = await capture.read()
    looking.stop()
    if (failure !== null) throw failure
    const { told: rest, document } = watch.end(observations)
    await tell(rest)
    await print(options.format === 'ndjson' ? ndjsonSummary(document) : renderEnd(document, told, text))
    const faults = document.captures.length > 0 ? observations.parts.flatMap((part) => part.faults) : []
    for (const { offset, text: what } of faults) say(`${file}: at byte ${offset}: ${what}`)
    if (faults.length > 0) return 2
    return options.exitCode && told > 0 ? 1 : 0
  } finally {
    looking.stop()
    await source.close()
  }
}

/** Calls `look` while packets come, and for a while after, with the seconds since the last one came. */
function lookNowAndThen(capture: LiveCapture, look: (quietSeconds: number) => void): { stop: () => void } {
  let frames = 0
  let since = performance.now()
  let next = 0
  const timer = setInterval(() => {
    const now = performance.now()
    if (capture.frames !== frames) {
      ;({ frames } = capture)
      since = now
    }
    const quiet = (now - since) / 1e3
    // What is not told by then waits for packets to come.
    if (now < next || quiet > 2 * GRACE_SECONDS) return
    look(quiet)
    next = performance.now() + REST * (performance.now() - now)
  }, PERIOD_MS)
  return { stop: () => clearInterval(timer) }
}
