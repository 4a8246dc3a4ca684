// The conversations of a story by where they went, and by where they came from. Judges look at what else went on there
// for every try they judge; walking all conversations for each would take as long as a capture is long, for each of its
// incidents.
import type { Connection } from '../observe/observations.ts'
import { type Conversation, nearClient, type Story } from '../story/story.ts'

type Index = Map<string, Conversation[]>

const byServer = new WeakMap<Story, Index>()
const byClient = new WeakMap<Story, Index>()

/** Conversations with a server's endpoint (`address:port`), or with any port of an address, in the story's order. */
export function conversationsWith(story: Story, server: string): readonly Conversation[] {
  return indexed(byServer, story, ({ server: endpoint, serverAddress }) => [endpoint, serverAddress]).get(server) ?? []
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
