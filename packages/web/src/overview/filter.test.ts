import type { Incident } from '@pcap-surgery/core'
import { expect, test } from 'vitest'
import { causesOf, chosen, secondsBetween } from './filter.ts'
import { drawnTime, headline } from './summary.ts'

const BEGIN = '2026-11-22T08:57:21.000000001Z'
const incident = (facts: Partial<Incident>): Incident =>
  ({
    id: '1',
    status: 504,
    statusSeen: true,
    time: BEGIN,
    cause: 'upstream-slow',
    domain: 'upstream',
    ...facts,
  }) as Incident

test('nanoseconds count', () => {
  expect(secondsBetween(BEGIN, '2026-11-22T08:57:22.000000003Z')).toBeCloseTo(1.000000002, 9)
  expect(secondsBetween('2026-11-22T08:57:22.5Z', '2026-11-22T08:57:21Z')).toBe(-1.5)
})

test('every choice narrows, and all of them together', () => {
  const all = [
    incident({ id: '1', path: '/api/Report', method: 'GET', upstream: '10.0.0.1:80' }),
    incident({ id: '2', cause: 'connect-refused', status: 502, statusSeen: false, time: '2026-11-22T08:57:31Z' }),
  ]
  const ids = (choices: Parameters<typeof chosen>[1]): string =>
    chosen(all, choices, BEGIN)
      .map(({ id }) => id)
      .join()
  expect(ids({})).toBe('1,2')
  expect(ids({ text: 'get report' })).toBe('1')
  expect(ids({ cause: 'connect-refused' })).toBe('2')
  expect(ids({ status: '502?' })).toBe('2')
  expect(ids({ upstream: '10.0.0.1:80' })).toBe('1')
  expect(ids({ from: '5', to: '20' })).toBe('2')
  expect(ids({ from: '5', text: 'report' })).toBe('')
})

test('the most frequent cause is first, and as sure as its surest', () => {
  const groups = causesOf([
    incident({ cause: 'connect-refused', confidence: 'certain' }),
    incident({ confidence: 'possible' }),
    incident({ confidence: 'likely' }),
  ])
  expect(groups.map(({ cause, confidence, incidents }) => [cause, confidence, incidents.length])).toEqual([
    ['upstream-slow', 'likely', 2],
    ['connect-refused', 'certain', 1],
  ])
})

test.each([
  [[incident({})], 152, '1 of 153 requests failed: Upstream too slow'],
  [[incident({})], 0, '1 request failed: Upstream too slow'],
  [[incident({}), incident({ cause: 'connect-refused' })], 0, '2 requests failed, for 2 causes'],
  [[], 3, 'No request failed'],
  [[], 0, 'No request is to be seen in these captures'],
])('%# is said in a sentence', (incidents, exchanges, sentence) => {
  const captures = [{ frames: 1 }]
  expect(headline({ incidents, healthy: { exchanges }, captures } as never)).toBe(sentence)
})

const capture = (first: string | null, last: string | null, offsetSeconds: number | null): never =>
  ({ first, last, clock: { offsetSeconds } }) as never

test('the time that is drawn is that of captures and exchanges, by the first one’s clock', () => {
  const first = capture('2026-11-22T08:57:21.9Z', '2026-11-22T08:57:31.9Z', null)
  const ahead = capture('2026-11-22T09:57:21.7Z', '2026-11-22T09:57:24Z', 3600)
  const loose = capture('2030-01-01T00:00:00Z', '2030-01-01T00:00:01Z', null)
  const traffic = { begin: '2026-11-22T08:57:30Z', binSeconds: 1, exchanges: [1, 1, 1] }
  const { begin, total } = drawnTime([first, ahead, loose], traffic)!
  expect(begin).toBe('2026-11-22T08:57:21.700000000Z')
  expect(total).toBeCloseTo(11.3, 6)
  expect(drawnTime([capture(null, null, null)], traffic)).toBeNull()
})
