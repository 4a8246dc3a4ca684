// The exchanges of a story as an HTTP Archive (HAR 1.2), for viewers that draw waterfalls. Written piece by piece: a
// million exchanges never become one text, and only conversations that are going on at the same time are open.
import { isSealed, type NameLookup } from '../../observe/observations.ts'
import { plural } from '../../amounts.ts'
import { turnsOf } from '../../story/conversations.ts'
import { type Conversation, nearClient, type Story, storyTime, type Turn } from '../../story/story.ts'
import type { DiagnosisDocument } from '../document.ts'
import { json } from '../escape.ts'
import { entryOf } from './entry.ts'
import { partsOf } from './incidents.ts'
import { legsOf } from './legs.ts'
import { merged, type Sequence } from './merged.ts'
import { lookupsOf } from './opened.ts'
import { type Phases, phasesOf } from './phases.ts'
import { LEFT_OUT } from './secrets.ts'

export interface HarOptions {
  /** The program that writes it. */
  creator: { name: string; version: string }
  /** Leave values of secret fields and parameters as they are, instead of `REDACTED`. */
  showSecrets: boolean
}

/** Characters that make a piece. */
const PIECE = 65_536

/**
 * An HTTP Archive of all exchanges in order of time, as pieces of one JSON text. One entry an exchange and leg, whatever
 * number of captures saw it, with the times at its client's end. `document` is the diagnosis of the story: exchanges that
 * belong to an incident say so. What TLS hides is left out, and counted in the comment at the end.
 */
export function* harOf(story: Story, document: DiagnosisDocument, options: HarOptions): Generator<string, void> {
  const { creator, showSecrets } = options
  const parts = partsOf(story, document)
  const legOf = legsOf(story, document)
  let sealed = 0
  const captures = document.captures.map(({ id, file, vantages }) => ({ id, file, vantages }))
  const head = { version: '1.2', creator, _captures: captures }
  let piece = `{"log":${json(head).slice(0, -1)},"entries":[`
  let separator = '\n'
  for (const { turn, view, phases } of merged(sequencesOf(story))) {
    if (isSealed(turn.views[view]!)) {
      sealed++
      continue
    }
    const part = parts.get(turn.views[view]!) ?? null
    const entry = entryOf({ story, turn, view, phases, leg: legOf(turn), part, showSecrets })
    piece += separator + json(entry)
    separator = ',\n'
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield `${piece}\n],"comment":${json(commentOf(sealed, showSecrets))}}}\n`
}

function commentOf(sealed: number, showSecrets: boolean): string {
  const told = [
    'Seen in packets: header fields are those that the diagnosis keeps, bodies are left out, sizes are as transferred.',
    'Phases in _unseen took at least as long as told.',
  ]
  if (!showSecrets) told.push(`Values of fields and parameters that are named like secrets are ${LEFT_OUT}.`)
  if (sealed > 0) told.push(`Left out: ${plural(sealed, 'exchange')} in TLS that was not decrypted.`)
  return told.join(' ')
}

interface Occurrence {
  /** Story time at which it began, its connection's opening included. */
  time: number
  turn: Turn
  view: number
  phases: Phases
}

/** The conversations, each as the exchanges that it carries. */
function sequencesOf(story: Story): Sequence<Occurrence>[] {
  const conversations = story.conversations.toSorted((a, b) => a.first - b.first)
  const lookups = lookupsOf(story, conversations)
  return conversations
    .map((conversation): Sequence<Occurrence> => {
      const lookup = lookups.get(conversation) ?? null
      const { capture } = nearClient(conversation)
      const asked = lookup === null ? Infinity : storyTime(story, capture, lookup.queries[0]!)
      return { from: Math.min(conversation.first, asked), open: () => occurrencesOf(story, conversation, lookup) }
    })
    .toSorted((a, b) => a.from - b.from)
}

/** One by one: a connection may carry a million. Where segments overtook one another a later one may come first. */
function* occurrencesOf(
  story: Story,
  conversation: Conversation,
  lookup: NameLookup | null,
): Generator<Occurrence, void> {
  for (const turn of eachTurnOf(conversation)) {
    const view = turn.views.findIndex((one) => one !== null)
    const { capture, connection } = conversation.sightings[view]!
    const phases = phasesOf(story.captures[capture]!, connection, turn.views[view]!, view === 0 ? lookup : null)
    yield { time: phases.started, turn, view, phases }
  }
}

function* eachTurnOf(conversation: Conversation): Generator<Turn, void> {
  const { sightings } = conversation
  if (sightings.length > 1) yield* turnsOf(conversation)
  else for (const exchange of sightings[0]!.connection.exchanges) yield { conversation, views: [exchange] }
}
