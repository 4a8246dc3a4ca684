// Which name lookup a connection was opened after.
import type { NameLookup } from '../../observe/observations.ts'
import { type Conversation, nearClient, type Story, storyTime } from '../../story/story.ts'

/** Who opens a connection later than this after the answer had the address from elsewhere. */
const FRESH_NS = 1e9

/** The lookup that each conversation followed, each lookup followed by one conversation: names are remembered. */
export function lookupsOf(story: Story, conversations: Iterable<Conversation>): ReadonlyMap<Conversation, NameLookup> {
  const byAddress = story.captures.map(({ observations }) => {
    const lookups = new Map<string, NameLookup[]>()
    for (const lookup of observations.lookups) {
      if (lookup.answer === null || lookup.queries.length === 0) continue
      for (const address of new Set(lookup.addresses)) {
        const key = `${lookup.client} ${address}`
        const list = lookups.get(key)
        if (list === undefined) lookups.set(key, [lookup])
        else list.push(lookup)
      }
    }
    return lookups
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
    const last = lookups.findLast((lookup) => storyTime(story, capture, lookup.answer!) <= opened)
    if (last === undefined || used.has(last) || opened - storyTime(story, capture, last.answer!) > FRESH_NS) continue
    used.add(last)
    followed.set(conversation, last)
  }
  return followed
}
