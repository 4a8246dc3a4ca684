// What a cut says of its frames and addresses.
import type { Story, StoryCapture } from '../story/story.ts'
import type { FrameRef, Incident } from './document.ts'
import type { Evidence } from './evidence.ts'

/**
 * What findings say, on the frames that they name, the timeline's words on its deciding entries, and what else is to be
 * said of frames.
 */
export function commentsOf(
  { findings, timeline, cause }: Incident,
  others: readonly (FrameRef & { text: string })[],
): Evidence['comments'] {
  const comments: Evidence['comments'] = new Map()
  const note = ({ capture, frame }: FrameRef, text: string): void => {
    const frames = comments.get(capture) ?? new Map<number, string[]>()
    const texts = frames.get(frame) ?? []
    if (!texts.includes(text)) frames.set(frame, [...texts, text])
    comments.set(capture, frames)
  }
  for (const { text, frames } of findings) for (const ref of frames) note(ref, `${cause}: ${text}`)
  for (const { text, frames, deciding } of timeline) if (deciding) for (const ref of frames) note(ref, text)
  for (const { text, ...ref } of others) note(ref, text)
  return comments
}

/** Known names come first: what a capture, a lookup or the request says; else what the address is in the story. */
export function namesOf(
  story: Story,
  { client, proxyFront, hops, proxyBack, upstream, attempts }: Incident,
): Evidence['names'] {
  const names = new Map<string, string>()
  const name = (endpoint: string | null, role: string): void => {
    if (endpoint === null) return
    const address = endpoint.includes(':') && !isBareIp6(endpoint) ? hostOf(endpoint) : endpoint
    if (!names.has(address)) names.set(address, knownName(story.captures, address) ?? role)
  }
  const fronts = [proxyFront, ...hops.map(({ to }) => to)]
  const backs = [...hops.map(({ from }) => from), proxyBack]
  fronts.forEach((front, i) => {
    const role = i === 0 ? 'proxy' : `proxy-${i + 1}`
    name(front, role)
    name(backs[i]!, role)
  })
  name(client, 'client')
  name(upstream, 'upstream')
  const others = attempts.map((attempt) => attempt.upstream).filter((one) => one !== upstream)
  ;[...new Set(others)].forEach((one, i) => name(one, `upstream-${i + 2}`))
  return [...names]
}

const isBareIp6 = (text: string): boolean => !text.startsWith('[') && text.split(':').length > 2
const hostOf = (endpoint: string): string => endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')

function knownName(captures: readonly StoryCapture[], address: string): string | null {
  for (const { observations } of captures) {
    const lookup = observations.lookups.find(({ addresses }) => addresses.includes(address))
    if (lookup !== undefined) return lookup.name
  }
  return null
}
