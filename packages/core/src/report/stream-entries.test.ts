import {
  documentOf,
  gateway,
  http2Goaway,
  http2Open,
  http2Request,
  http2Reset,
  http2Response,
  join,
} from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

const NO_ERROR = 0
const INTERNAL_ERROR = 2

test('of a connection with many streams, the timeline and the filter show the one that failed', async () => {
  const { front, back } = gateway({
    attempts: [
      (upstream) => {
        http2Open(upstream).send('>', join(http2Request(1, '/other'), http2Request(3)))
        upstream.send('<', join(http2Response(1, 200, 'piece', false), http2Response(3, 200, 'half', false))).wait(1)
        return upstream.send('<', http2Reset(3, INTERNAL_ERROR)).wait(0.5).send('<', http2Goaway(3, NO_ERROR))
      },
    ],
    answer: 502,
  })
  const [incident] = (await documentOf(front, back)).incidents
  const told = incident!.timeline.filter(({ leg }) => leg === 'upstream').map(({ text }) => text)
  expect(told).toEqual([
    'SYN',
    'SYN-ACK',
    'HEADERS, stream 3: GET /report',
    'HEADERS, stream 3: status 200',
    'RST_STREAM INTERNAL_ERROR, stream 3',
    'GOAWAY NO_ERROR, last stream 3',
  ])
  expect(incident!.filters.find(({ capture }) => capture === 1)!.filter).toContain('http2.streamid == 3')
  expect(incident!.checklist.find(({ step }) => step === 8)!.text).toContain('RST_STREAM INTERNAL_ERROR, stream 3')
})
