// The conversations of a story by where they went, by where they came from, and by when. Judges look at what else went on
// there for every try they judge; walking all conversations for each would take as long as a capture is long, for each of
// its incidents.
import type { Connection } from '../observe/observations.ts'
import { Spans } from '../story/spans.ts'
import { type Conversation, nearClient, type Story } from '../story/story.ts'
import { perStory } from './remember.ts'

type Index = Map<string, Conversation[]>

const byServer = new WeakMap<Story, Index>()
const byClient = new WeakMap<Story, Index>()

/** Conversations with a server's endpoint (`address:port`), or with any port of an address, in the story's order. */
export function conversationsWith(story: Story, server: string): readonly Conversation[] {
  return indexed(byServer, story, ({ server: endpoint, serverAddress }) => [endpoint, serverAddress]).get(server) ?? []
}

/** Those that went on within a story time, its ends included. */
export const conversationsDuring = (
  story: Story,
  server: string,
  from: number,
  until: number,
): Iterable<Conversation> => timedAt(story, server).within(from, until)

const timedAt = perStory((story, server) => new TimedConversations(conversationsWith(story, server)))

/** Conversations to be asked by time. */
export class TimedConversations {
  readonly #conversations: readonly Conversation[]
  readonly #spans: Spans

  constructor(conversations: readonly Conversation[]) {
    this.#conversations = conversations
    this.#spans = new Spans(
      conversations.length,
      (i) => conversations[i]!.first,
      (i) => conversations[i]!.last,
    )
  }

  /** Those that went on within a time, in their order. */
  *within(from: number, until: number): Generator<Conversation> {
    for (const i of this.#spans.within(from, until)) yield this.#conversations[i]!
  }
}

/** Conversations that an address opened, in the story's order. */
export function conversationsFrom(story: Story, address: string): readonly Conversation[] {
  return indexed(byClient, story, ({ clientAddress }) => [clientAddress]).get(address) ?? []
}

function indexed(indices: WeakMap<Story, Index>, story: Story, keys: (connection: Connection) => string[]): Index {
  const known = indices.get(story)
  if (known !== undefined) return known
  const index: Index = new Map()
  for (const conversation of story.conversations) {
    for (const key of keys(nearClient(conversation).connection)) {
      const list = index.get(key)
      if (list === undefined) index.set(key, [conversation])
      else list.push(conversation)
    }
  }
  indices.set(story, index)
  return index
}
