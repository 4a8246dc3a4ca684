// A cut by hand: the frames that meet the conditions, of every capture.
import { basename } from 'node:path'
import {
  clockOf,
  correlate,
  discardCuts,
  handChooser,
  hide,
  type Instant,
  later,
  type Source,
  told,
  writeCut,
} from '@pcap-surgery/core'
import { inputsOf, readCaptures } from '../../io/captures.ts'
import { keyTexts } from '../../io/keys.ts'
import { Refused } from '../../io/refused.ts'
import { chunksOf } from '../../io/source.ts'
import { say } from '../../io/talk.ts'
import { fileBench } from './bench.ts'
import type { Job } from './job.ts'
import { anonymiseKey, formOf, type IsolateCommandOptions } from './options.ts'

/** One file of what meets the conditions. */
export async function byHand(files: readonly string[], options: IsolateCommandOptions): Promise<Job> {
  const { connection = null, time, frames, filter = null, pad = 0, align } = options
  const times =
    time?.map(({ from, to }) => ({ from: from && later(from, span(-pad)), to: to && later(to, span(pad)) })) ?? null
  const captures = align ? await readCaptures(files, null) : null
  const story = captures === null ? null : correlate(captures.observations, { ids: captures.ids })
  const sources = files.map((file): Source => {
    const own = frames?.filter((one) => one.file === null || one.file === file).flatMap(({ ranges }) => ranges)
    // Read to the end also behind the last frame that is wanted: it is told how many there are, and what is damaged.
    const wanted = handChooser({ connections: connection, frames: own ?? null, times, filter })
    const chooser = { ...wanted, last: Infinity }
    const clock = story === null ? null : clockOf(story, inputsOf(captures!), file)
    return {
      parts: [{ file, open: () => chunksOf(file), chooser, within: null, comments: new Map() }],
      vantage: 'capture',
      name: basename(file),
      onFirstClock: clock?.onFirstClock ?? null,
      comment: clock?.comment ?? null,
    }
  })
  const texts = { comments: [`cut by hand out of ${files.map((file) => basename(file)).join(', ')}`], names: [] }
  const bench = fileBench(options, null)
  const form = formOf(options, options.secrets ? await keyTexts(options.keys ?? []) : [])
  const cut = await writeCut(bench, 0, options.anonymise ? 'original' : 'final', sources, texts, form)
  const { parts } = cut.isolated
  const flawless = parts.every(({ faults }) => faults.length === 0) && (captures?.flawless ?? true)
  for (const { file, faults } of parts)
    for (const { offset, text } of faults) say(`${file}: at byte ${offset}: ${text}`)
  if (cut.isolated.frames === 0) {
    cut.draft.discard()
    throw new Refused('no frame meets these conditions; nothing was written')
  }
  const read = new Map(parts.map(({ file, read: count }) => [file, count]))
  const job = { frames: read, incident: null, proof: null, flawless }
  if (!options.anonymise) return { ...job, cuts: [cut], pseudonyms: null }
  const key = await anonymiseKey(options)
  const hidden = await hide(bench, [cut], key, options.application).finally(() => cut.draft.discard())
  try {
    return { ...job, cuts: await told(bench, hidden, null, [null], form), pseudonyms: hidden.pseudonyms }
  } finally {
    discardCuts(hidden.cuts)
  }
}

const span = (seconds: number): Instant => ({ seconds: 0, nanoseconds: Math.round(seconds * 1e9) })
