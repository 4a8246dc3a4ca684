// What the commands have in common that copy captures: merge, trim, shift, convert, repair.
import {
  type CaptureWriter,
  captureWriter,
  type Copied,
  LinkTypesDiffer,
  linkTypesText,
  lostText,
  type WrittenFormat,
  visible,
} from '@pcap-surgery/core'
import { formatOf } from '../../io/capture-format.ts'
import { type CaptureOutput, captureOutput, outputRefusal, Unread } from '../../io/capture-output.ts'
import { print } from '../../io/output.ts'
import { progress } from '../../io/progress.ts'
import { isOfTheSystem, Refused } from '../../io/refused.ts'
import { openSource, reason, type Source } from '../../io/source.ts'
import { say } from '../../io/talk.ts'

export interface OutputOptions {
  output: string
  format?: WrittenFormat
  force?: boolean
  /** `NAME VERSION`, for a section header that has none of its source. */
  application: string
}

/** What copying needs of the files and the terminal. */
export interface Bench {
  sources: readonly Source[]
  writer: CaptureWriter
  onProgress(frames: number): Promise<void>
}

export interface CopyJob {
  /** Answers what became of each source. */
  copy(bench: Bench): Promise<readonly Copied[]>
  /** Damage is what it is for: being able to go on is success. */
  isRepair?: boolean
  /** What it means when no packet is left, where that is a mistake. */
  noPacket?: string
}

/** Opens the captures, copies them to the output, and says what was lost. Answers the exit status; see program.ts. */
export async function runCopy(files: readonly string[], job: CopyJob, options: OutputOptions): Promise<number> {
  const { output, force = false } = options
  const refused = await outputRefusal(output, files, force)
  if (refused !== null) {
    say(`--output ${refused}`)
    return 2
  }
  const opened: Source[] = []
  let target: CaptureOutput | null = null
  try {
    for (const file of files) opened.push(await named(file, openSource(file)))
    const out = (target = await captureOutput(output))
    const section = { comments: [], application: options.application }
    const writer = captureWriter(formatOf(options), section, (bytes) => out.emit(bytes))
    const sizes = opened.map(({ size }) => size)
    const size = sizes.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0)
    const line = progress(files[0], size)
    const onProgress = async (frames: number): Promise<void> => {
      line.report(
        opened.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
        frames,
      )
      await out.settle()
    }
    const copied = await job.copy({ sources: opened, writer, onProgress }).finally(() => line.done())
    return await deliver(files, copied, writer, out, job, options)
  } catch (error) {
    if (error instanceof Unread) return 0
    if (error instanceof LinkTypesDiffer) say(linkTypesText(error))
    else if (error instanceof Refused) say(error.message)
    else if (isOfTheSystem(error)) say(`${output}: ${reason(error)}`)
    else throw error
    return 2
  } finally {
    target?.discard()
    for (const source of opened) await source.close()
  }
}

/** Reads a capture with the errors of its file named after it. */
const named = (file: string, opening: Promise<Source>): Promise<Source> =>
  opening.then(
    (source) => ({
      ...source,
      chunks: withName(file, source.chunks),
      get bytesRead() {
        return source.bytesRead
      },
    }),
    (error: unknown) => {
      throw new Refused(`${file}: ${reason(error)}`)
    },
  )

async function* withName(file: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    throw new Refused(`${file}: ${reason(error)}`)
  }
}

async function deliver(
  files: readonly string[],
  copied: readonly Copied[],
  writer: CaptureWriter,
  target: CaptureOutput,
  { isRepair = false, noPacket }: CopyJob,
  { output }: OutputOptions,
): Promise<number> {
  let status = 0
  for (const [i, { faults, timeless }] of copied.entries()) {
    for (const { offset, text } of faults) say(`${files[i]}: at byte ${offset}: ${text}`)
    if (timeless > 0) say(`${files[i]}: packets left out, because the format has no room for their times: ${timeless}`)
    if ((faults.length > 0 && !isRepair) || timeless > 0) status = 2
  }
  const isNothing = copied.every(({ read, faults }) => read === 0 && faults.length > 0)
  if (isNothing) throw new Refused('nothing of it is whole; nothing was written')
  const sum = (of: (one: Copied) => number): number => copied.reduce((total, one) => total + of(one), 0)
  const written = sum((one) => one.written)
  if (noPacket !== undefined && written === 0) throw new Refused(`${noPacket}; nothing was written`)
  const lost = [...copied.flatMap(({ leftOut }) => [...leftOut]), ...writer.lost]
  if (lost.length > 0) say(`lost: ${lostText(lost)}`)
  const bytes = await target.finish()
  if (bytes !== null)
    await print(`${visible(output)}: ${written} of ${sum(({ read }) => read)} frames, ${bytes} bytes\n`)
  return status
}
