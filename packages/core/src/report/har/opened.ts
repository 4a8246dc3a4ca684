// Which name lookup a connection was opened after.
import type { NameLookup } from '../../observe/observations.ts'
import { grouped } from '../../story/grouped.ts'
import { type Conversation, nearClient, type Story, storyTime } from '../../story/story.ts'

/** Who opens a connection later than this after the answer had the address from elsewhere. */
const FRESH_NS = 1e9

/** The lookup that each conversation followed, each lookup followed by one conversation: names are remembered. */
export function lookupsOf(story: Story, conversations: Iterable<Conversation>): ReadonlyMap<Conversation, NameLookup> {
  const byAddress = story.captures.map(({ observations }) => {
    const answered = observations.lookups.filter(({ answer, queries }) => answer !== null && queries.length > 0)
    const found = answered.flatMap((lookup) => [...new Set(lookup.addresses)].map((address) => ({ lookup, address })))
    return grouped(found, ({ lookup, address }) => `${lookup.client} ${address}`)
  })
  const followed = new Map<Conversation, NameLookup>()
  const used = new Set<NameLookup>()
  for (const conversation of conversations) {
    const { capture, connection } = nearClient(conversation)
    const { clientAddress, serverAddress, syns } = connection
    const lookups = byAddress[capture]!.get(`${clientAddress} ${serverAddress}`)
    const [syn] = syns
    if (lookups === undefined || syn === undefined) continue
    const opened = storyTime(story, capture, syn)
    const last = lookups.findLast(({ lookup }) => storyTime(story, capture, lookup.answer!) <= opened)?.lookup
    if (last === undefined || used.has(last) || opened - storyTime(story, capture, last.answer!) > FRESH_NS) continue
    used.add(last)
    followed.set(conversation, last)
  }
  return followed
}
