import { documentOf, gateway } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

const FILE_HEADER = 24
const RECORD_HEADER = 16

/** A pcap file without its last packets. */
function shortened(capture: Uint8Array, left: (payload: string) => boolean): Uint8Array {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.length)
  let at = FILE_HEADER
  while (at < capture.length) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true)
    if (!left(Buffer.from(capture.subarray(at, end)).toString('latin1'))) break
    at = end
  }
  return capture.slice(0, at)
}

test('an answer that one capture of a leg has counts, whichever is named first', async () => {
  const { front } = gateway({ attempts: [(u, asked) => u.handshake().send('>', asked).fin('<')], answer: 502 })
  const stopped = shortened(front, (packet) => !packet.includes('HTTP/1.1 502'))
  for (const captures of [
    [front, stopped],
    [stopped, front],
  ]) {
    const { incidents } = await documentOf(...captures)
    expect(incidents.map(({ status }) => status)).toEqual([502])
  }
})
