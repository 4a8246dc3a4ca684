// A cut by hand: the frames that meet the conditions, of every capture.
import { basename } from 'node:path'
import { correlate, handChooser, type Instant, later, type Source } from '@pcap-surgery/core'
import { readCaptures } from '../../io/captures.ts'
import { Refused } from '../../io/refused.ts'
import { chunksOf } from '../../io/source.ts'
import { say } from '../../io/talk.ts'
import { discard, hide, told } from './anonymised.ts'
import { type Job, writeCut } from './cut.ts'
import type { IsolateCommandOptions } from './options.ts'
import { clockOf } from './sources.ts'

/** One file of what meets the conditions. */
export async function byHand(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
  const { connection = null, time, frames, filter = null, pad = 0, align } = options
  const by = (seconds: number): Instant => ({ seconds: 0, nanoseconds: Math.round(seconds * 1e9) })
  const times =
    time?.map(({ from, to }) => ({ from: from && later(from, by(-pad)), to: to && later(to, by(pad)) })) ?? null
  const captures = align ? await readCaptures(files, null) : null
  const story = captures === null ? null : correlate(captures.observations, { ids: captures.ids })
  const sources = files.map((file): Source => {
    const own = frames?.filter((one) => one.file === null || one.file === file).flatMap(({ ranges }) => ranges)
    const chooser = handChooser({ connections: connection, frames: own ?? null, times, filter })
    const clock = story === null ? null : clockOf(story, captures!, file)
    return {
      parts: [{ file, open: () => chunksOf(file), chooser, within: null, comments: new Map() }],
      vantage: 'capture',
      name: basename(file),
      onFirstClock: clock?.onFirstClock ?? null,
      comment: clock?.comment ?? null,
    }
  })
  const comments = [`cut by hand out of ${files.map((file) => basename(file)).join(', ')}`]
  const cut = await writeCut(options.output, sources, { comments, names: [] }, options.snap ?? null, options)
  const job = { incident: null, proof: null }
  const { parts } = cut.isolated
  const flawless = parts.every(({ faults }) => faults.length === 0) && (captures?.flawless ?? true)
  for (const { file, faults } of parts)
    for (const { offset, text } of faults) say(`${file}: at byte ${offset}: ${text}`)
  if (cut.isolated.frames === 0) {
    cut.file.discard()
    throw new Refused('no frame meets these conditions; nothing was written')
  }
  const read = new Map(parts.map(({ file, read: count }) => [file, count]))
  if (!options.anonymise) return { ...job, cuts: [cut], frames: read, flawless, pseudonyms: null }
  const hidden = await hide([cut], options).finally(() => cut.file.discard())
  try {
    return { ...job, cuts: await told(hidden, null, options), frames: read, flawless, pseudonyms: hidden.pseudonyms }
  } finally {
    discard(hidden)
  }
}
