// The conversations of a story by where they went. Judges look at what else went on there for every try they judge;
// walking all conversations for each would take as long as a capture is long, for each of its incidents.
import { type Conversation, nearClient, type Story } from '../story/story.ts'

/** Conversations, in the story's order, by the server's address, and by its endpoint. */
const indices = new WeakMap<Story, Map<string, Conversation[]>>()

/** Conversations with a server's endpoint (`address:port`), or with any port of an address. */
export function conversationsWith(story: Story, server: string): readonly Conversation[] {
  let index = indices.get(story)
  if (index === undefined) indices.set(story, (index = indexOf(story)))
  return index.get(server) ?? []
}

function indexOf(story: Story): Map<string, Conversation[]> {
  const index = new Map<string, Conversation[]>()
  for (const conversation of story.conversations) {
    const { connection } = nearClient(conversation)
    for (const key of [connection.server, connection.serverAddress]) {
      const list = index.get(key)
      if (list === undefined) index.set(key, [conversation])
      else list.push(conversation)
    }
  }
  return index
}
