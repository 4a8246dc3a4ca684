import { expect, test } from 'vitest'
import type { CaptureSummary, Incident } from './document.ts'
import { shortNames, span, tries, way } from './words.ts'

const capture = (first: string | null, last: string | null, offsetSeconds: number | null): CaptureSummary =>
  ({ first, last, clock: { offsetSeconds } }) as CaptureSummary

test('captures are as long together as by one clock, however far apart their clocks are', () => {
  const reference = capture('2026-11-22T08:00:00.000001Z', '2026-11-22T08:00:04Z', 0)
  expect(span([reference])).toEqual({ first: '2026-11-22T08:00:00.000001Z', seconds: 4 })
  const hoursAhead = capture('2026-11-22T15:29:59.500Z', '2026-11-22T15:30:05Z', 7.5 * 3600)
  expect(span([reference, hoursAhead])).toEqual({ first: '2026-11-22T07:59:59.500Z', seconds: 5.5 })
  // Nothing says where on the line of time it belongs.
  const loose = capture('1970-01-01T00:00:00Z', '1970-01-01T00:00:09Z', null)
  expect(span([reference, loose])).toEqual(span([reference]))
  expect(span([capture(null, null, null)])).toBeNull()
})

const incident = (hops: Incident['hops'], some: Partial<Incident> = {}): Incident =>
  ({
    client: '10.1.0.2:1234',
    proxyFront: '10.1.0.1:80',
    hops,
    proxyBack: '10.3.0.9:99',
    upstream: '10.4.0.1:80',
    ...some,
  }) as Incident
const hop = (n: number): Incident['hops'][number] => ({ from: `10.2.${n}.2:4711`, to: `10.2.${n}.1:8080` })

test('a path names every proxy of a chain, and counts the middle of a long one', () => {
  expect(way(incident([]))).toBe('10.1.0.2:1234 → proxy 10.1.0.1:80 | 10.3.0.9:99 → upstream 10.4.0.1:80')
  expect(
    way(incident([hop(0), hop(1)], { client: null, proxyFront: null, proxyBack: null }), (text) => `<${text}>`),
  ).toBe(
    'client not seen → proxy not seen | <10.2.0.2:4711> → proxy <10.2.0.1:8080> | ' +
      '<10.2.1.2:4711> → proxy <10.2.1.1:8080> | upstream <10.4.0.1:80>',
  )
  const long = way(incident(Array.from({ length: 300 }, (_, n) => hop(n)))).split(' | ')
  expect(long.slice(4, 7)).toEqual([
    '10.2.3.2:4711 → proxy 10.2.3.1:8080',
    '… 292 more proxies …',
    '10.2.296.2:4711 → proxy 10.2.296.1:8080',
  ])
})

test('endings go where names stay apart', () => {
  const files = ['proxy-back.pcap', 'upstream.pcapng.gz', 'a.pcap', 'a.pcapng', 'dir/b', '.pcap', 'x\u202e.cap', '-']
  const name = shortNames(files.map((file, id) => ({ file, id })))
  expect(files.map((_, id) => name(id))).toEqual([
    'proxy-back',
    'upstream',
    'a.pcap',
    'a.pcapng',
    'b',
    '.pcap',
    'x\\u202e',
    'standard input',
  ])
  expect(name(99)).toBe('capture 99')
})

test('of many attempts the first and the last are named', () => {
  const attempts = Array.from({ length: 40 }, (_, n) => ({
    upstream: `10.0.0.${n}:80`,
    cause: n < 39 ? 'connect-refused' : null,
  }))
  const said = tries({ attempts } as Incident).split(', then ')
  expect(said).toHaveLength(13)
  expect(said.slice(5, 8)).toEqual(['10.0.0.5:80 connect-refused', '28 more', '10.0.0.34:80 connect-refused'])
  expect(said.at(-1)).toBe('10.0.0.39:80 answered')
})
