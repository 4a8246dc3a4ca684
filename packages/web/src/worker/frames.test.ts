import { correlate, diagnose, observe } from '@pcap-surgery/core'
import { gateway } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { frames, ladder } from './frames.ts'
import { decompression } from './gzip.ts'
import { Refused, type Session } from './session.ts'

/** A request that its upstream resets; `reads` counts how often the file was read from its beginning. */
async function opened(): Promise<{ session: Session; bytes: Uint8Array; reads: () => number }> {
  const { both } = gateway({
    ask: 'GET /slow',
    attempts: [(upstream, text) => upstream.handshake().send('>', text).wait(0.2).rst('<')],
    answer: 502,
  })
  const blob = new Blob([both as Uint8Array<ArrayBuffer>])
  const seen = await observe(
    [{ file: 'both.pcap', open: async function* () { yield both } }], // prettier-ignore
    { decompression },
  )
  let reads = 0
  const slice = blob.slice.bind(blob)
  blob.slice = (from, to) => {
    if (from === 0) reads++
    return slice(from, to)
  }
  const story = correlate([seen])
  const document = diagnose(story)
  const captures = [{ file: { name: 'both.pcap', size: both.length, blob, url: null }, within: null }]
  const session = { captures, keys: null, observations: [seen], story, document } as unknown as Session
  return { session, bytes: both, reads: () => reads }
}

test('frames of an incident are read in one pass, when the first is asked for', async () => {
  const { session, reads } = await opened()
  const { arrows } = ladder(session, session.document.incidents[0]!.id)
  expect(arrows.length).toBeGreaterThan(8)
  expect(reads()).toBe(0)
  for (const { frames: refs } of arrows) {
    const [detail] = await frames(session, refs)
    expect(detail).toMatchObject(refs[0]!)
    expect(detail!.layers.map(({ name }) => name)).toContain('Transmission Control Protocol')
  }
  expect(reads()).toBe(1)
})

test('frames come in the order asked for, and those that the file does not have are left out', async () => {
  const { session } = await opened()
  const wanted = [3, 1, 999, 2].map((frame) => ({ capture: 0, frame }))
  const details = await frames(session, [...wanted, { capture: 7, frame: 1 }])
  expect(details.map(({ frame }) => frame)).toEqual([3, 1, 2])
})

test('an incident that is not there is refused', async () => {
  const { session } = await opened()
  expect(() => ladder(session, 'x')).toThrow(Refused)
})
