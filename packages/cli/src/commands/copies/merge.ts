// pcap-surgery merge: several captures in, one out, by time.
import { basename } from 'node:path'
import { clockOf, correlate, type Instant, later, merge, type MergeSource } from '@pcap-surgery/core'
import { distinct, inputsOf, readCaptures } from '../../io/captures.ts'
import { decompression } from '../../io/gzip.ts'
import { say } from '../../io/talk.ts'
import { type OutputOptions, runCopy } from './run.ts'

export interface OffsetOption {
  file: string
  by: Instant
}

export interface MergeCommandOptions extends OutputOptions {
  offset?: OffsetOption[]
  align?: boolean
}

export async function mergeCommand(files: readonly string[], options: MergeCommandOptions): Promise<number> {
  const { offset: offsets = [], align = false } = options
  const wrong = misuse(files, offsets, align)
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  const kept = await distinct(files)
  const clocks = align ? await clocksOf(kept) : null
  const names = namesOf(kept)
  return runCopy(
    kept,
    {
      copy: ({ sources, writer, onProgress }) =>
        merge(
          sources.map(({ chunks }, i): MergeSource => {
            const by = offsets.findLast(({ file }) => file === kept[i])?.by
            const retime = by === undefined ? (clocks?.[i] ?? null) : (time: Instant) => later(time, by)
            return { open: () => chunks, name: names[i], retime }
          }),
          writer,
          { decompression, onProgress },
        ),
    },
    options,
  )
}

function misuse(files: readonly string[], offsets: readonly OffsetOption[], align: boolean): string | null {
  const stranger = offsets.find(({ file }) => !files.includes(file))
  if (stranger !== undefined) return `--offset ${stranger.file}: is not one of the captures`
  if (align && offsets.length > 0) return '--align and --offset do not go together'
  if (align && files.includes('-')) return '--align reads the captures twice, and standard input can be read only once'
  return files.filter((file) => file === '-').length > 1 ? 'standard input can be read only once' : null
}

/** Of each file what leads to the first one's clock; null where nothing is known. */
async function clocksOf(files: readonly string[]): Promise<MergeSource['retime'][]> {
  const captures = await readCaptures(files, null)
  if (captures.observations.length === 0) return files.map(() => null)
  const story = correlate(captures.observations, { ids: captures.ids })
  const inputs = inputsOf(captures)
  return files.map((file) => {
    const onFirst = clockOf(story, inputs, file)?.onFirstClock ?? null
    return onFirst === null ? null : (time, frame = Infinity) => onFirst(time, file, frame)
  })
}

/** Base names, those that occur twice with a number. */
function namesOf(files: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return files.map((file) => {
    const name = file === '-' ? 'standard input' : basename(file)
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} #${count}`
  })
}
