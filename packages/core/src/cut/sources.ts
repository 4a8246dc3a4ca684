// The captures of a cut as its sources: what they are called, and how their clocks stand to the first one's.
import { parseSourceName } from '../capture/source-name.ts'
import type { NamedCapture } from '../observe/files.ts'
import type { CaptureInput } from '../observe/observe.ts'
import { addedTo } from '../observe/steady-time.ts'
import type { Evidence } from '../report/evidence.ts'
import { onFirstClock, toStory } from '../story/clocks/time.ts'
import type { Story } from '../story/story.ts'
import type { Source } from '../surgery/isolate.ts'
import { selectionChooser } from '../surgery/select.ts'

/** What one id of the document stands for, to be read again. */
export interface CutInput extends CaptureInput, NamedCapture {
  /** The file without its folders. */
  name: string
}

/** The captures that the evidence chooses frames of. `inputs`: by id. */
export function sourcesOf(
  story: Story,
  inputs: readonly CutInput[],
  { selections, comments }: Evidence,
  align: boolean,
): Source[] {
  const taken = new Set<string>()
  return story.captures.flatMap(({ ids, vantages }, i): Source[] => {
    const parts = ids.flatMap((id) => {
      const selection = selections.get(id)
      if (selection === undefined) return []
      const input = inputs[id]!
      const { file, within } = input
      const chooser = selectionChooser(selection)
      return [{ file, open: () => input.open(), chooser, within, comments: comments.get(id) ?? new Map() }]
    })
    if (parts.length === 0) return []
    const vantage = vantages.join('+') || 'capture'
    const { name: fileName, within } = inputs[ids[0]!]!
    const own = parseSourceName(within)?.file ?? fileName
    let name = own
    for (let n = 2; taken.has(`${vantage} ${name}`); n++) name = `${own} #${n}`
    taken.add(`${vantage} ${name}`)
    return [
      { parts, vantage, name, onFirstClock: firstClock(story, i), comment: clockComment(story, inputs, i, align) },
    ]
  })
}

/** How far a file's clock is ahead of the first one's, and the words for it; null where the file could not be read. */
export function clockOf(
  story: Story,
  inputs: readonly CutInput[],
  file: string,
): Pick<Source, 'onFirstClock' | 'comment'> | null {
  const at = story.captures.findIndex(({ ids }) => inputs[ids[0]!]!.file === file)
  return at < 0 ? null : { onFirstClock: firstClock(story, at), comment: clockComment(story, inputs, at, true) }
}

function firstClock({ captures }: Story, capture: number): Source['onFirstClock'] {
  const clock = captures[capture]!
  const first = captures[0]!.observations.epoch
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
  const clock = captures[capture]!
  const { epoch, first } = clock.observations
  const ahead = epoch - captures[0]!.observations.epoch - (toStory(clock, first) - first) / 1e9
  return Math.round(ahead * 1e9) / 1e9
}

function clockComment(story: Story, inputs: readonly CutInput[], capture: number, align: boolean): string | null {
  if (capture === 0) return null
  const { clock } = story.captures[capture]!
  const first = inputs[story.captures[0]!.ids[0]!]!.name
  const times = align ? 'times are moved to that clock' : 'times are the source’s own'
  const ahead = aheadOf(story, capture)
  // Captures that share no packets, and no like requests, are taken to agree.
  if (clock.offsetSeconds === null) {
    return `clock: taken to be ${ahead} s ahead of that of ${first}, with which it shares no packets; ${times}`
  }
  const bounds = clock.low === null ? '' : ` (${toMicroseconds(clock.low)} to ${toMicroseconds(clock.high)} s)`
  return `clock: ${toMicroseconds(clock.offsetSeconds)} s ahead of that of ${first}${bounds}; ${times}`
}

/** No clock is known better. */
const toMicroseconds = (seconds: number | null): number => Math.round((seconds ?? 0) * 1e6) / 1e6
