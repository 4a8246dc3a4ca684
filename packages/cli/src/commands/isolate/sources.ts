// The captures of a cut as its sources: what they are called, and how their clocks stand to the first one's.
import { basename } from 'node:path'
import {
  addedTo,
  type Evidence,
  onFirstClock,
  parseSourceName,
  selectionChooser,
  type Source,
  type Story,
  toStory,
} from '@pcap-surgery/core'
import type { NamedCapture, ReadCaptures } from '../../io/captures.ts'
import { chunksOf } from '../../io/source.ts'
import type { IsolateCommandOptions } from './options.ts'

/** The captures that the evidence chooses frames of. */
export function sourcesOf(
  story: Story,
  named: readonly NamedCapture[],
  { selections, comments }: Evidence,
  { align = false }: IsolateCommandOptions,
): Source[] {
  const taken = new Set<string>()
  return story.captures.flatMap(({ ids, vantages }, i): Source[] => {
    const parts = ids.flatMap((id) => {
      const selection = selections.get(id)
      if (selection === undefined) return []
      const { file, within } = named[id]
      const chooser = selectionChooser(selection)
      return [{ file, open: () => chunksOf(file), chooser, within, comments: comments.get(id) ?? new Map() }]
    })
    if (parts.length === 0) return []
    const vantage = vantages.join('+') || 'capture'
    const { file, within } = named[ids[0]]
    const own = parseSourceName(within)?.file ?? basename(file)
    let name = own
    for (let n = 2; taken.has(`${vantage} ${name}`); n++) name = `${own} #${n}`
    taken.add(`${vantage} ${name}`)
    return [{ parts, vantage, name, onFirstClock: firstClock(story, i), comment: clockComment(story, named, i, align) }]
  })
}

/** How far a file's clock is ahead of the first one's, and the words for it; null where the file could not be read. */
export function clockOf(
  story: Story,
  captures: ReadCaptures,
  file: string,
): Pick<Source, 'onFirstClock' | 'comment'> | null {
  const at = captures.ids.findIndex((parts) => captures.named[parts[0]].file === file)
  return at < 0 ? null : { onFirstClock: firstClock(story, at), comment: clockComment(story, captures.named, at, true) }
}

function firstClock({ captures }: Story, capture: number): Source['onFirstClock'] {
  const clock = captures[capture]
  const first = captures[0].observations.epoch
  const { epoch, parts, setBacks } = clock.observations
  if (capture === 0 && setBacks.length === 0) return null
  const offsets = new Map(parts.map(({ file, offset }) => [file, offset]))
  return (time, file, frame) => {
    const added = addedTo(setBacks, frame + (offsets.get(file) ?? 0))
    return onFirstClock(clock, epoch, first, { ...time, nanoseconds: time.nanoseconds + added })
  }
}

/** Seconds by which a capture's clock is ahead of the first one's at its beginning. */
function aheadOf({ captures }: Story, capture: number): number {
  const clock = captures[capture]
  const { epoch, first } = clock.observations
  const ahead = epoch - captures[0].observations.epoch - (toStory(clock, first) - first) / 1e9
  return Math.round(ahead * 1e9) / 1e9
}

function clockComment(story: Story, named: readonly NamedCapture[], capture: number, align: boolean): string | null {
  if (capture === 0) return null
  const { clock } = story.captures[capture]
  const first = basename(named[story.captures[0].ids[0]].file)
  const times = align ? 'times are moved to that clock' : 'times are the source’s own'
  const ahead = aheadOf(story, capture)
  // Captures that share no packets, and no like requests, are taken to agree.
  if (clock.offsetSeconds === null) {
    return `clock: taken to be ${ahead} s ahead of that of ${first}, with which it shares no packets; ${times}`
  }
  const bounds = clock.low === null ? '' : ` (${clock.low} to ${clock.high} s)`
  return `clock: ${clock.offsetSeconds} s ahead of that of ${first}${bounds}; ${times}`
}
