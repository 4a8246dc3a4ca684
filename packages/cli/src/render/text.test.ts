import type { Arrow, ArrowKind, DiagnosisDocument, Incident, Ladder, TimelineEntry } from '@pcap-surgery/core'
import { expect, test } from 'vitest'
import { renderText, type TextOptions } from './text.ts'

const PLAIN: TextOptions = { width: 80, colour: false, checklist: false, all: false }

const front = (...frames: number[]) => frames.map((frame) => ({ capture: 0, frame }))
const back = (...frames: number[]) => frames.map((frame) => ({ capture: 1, frame }))

const CLIENT = '10.1.0.2:33364'
const FRONT = '10.1.0.1:80'
const BACK = '10.2.0.1:47762'
const UPSTREAM = '10.3.0.11:8080'

const entry = (seconds: number, from: string, to: string, text: string, frames = front(1)): TimelineEntry => ({
  seconds,
  leg: from === CLIENT || to === CLIENT ? 'client' : 'upstream',
  from,
  to,
  text,
  frames,
  deciding: false,
})

const slow: Incident = {
  id: '1',
  status: 504,
  statusSeen: true,
  time: '2026-11-22T08:57:21.682104000Z',
  method: 'GET',
  path: '/api/recommend',
  host: 'shop.example',
  client: CLIENT,
  proxyFront: FRONT,
  hops: [],
  proxyBack: BACK,
  upstream: UPSTREAM,
  gateway: 'nginx',
  cause: 'upstream-slow',
  class: 'slow-upstream',
  domain: 'upstream',
  confidence: 'certain',
  summary:
    'The upstream acknowledged the whole request at once and began its answer 3.400 s later; nginx had given up after 2.001 s.',
  waitSeconds: 2.001,
  attempts: [{ upstream: UPSTREAM, proxyBack: BACK, cause: 'upstream-slow', startSeconds: 0, durationSeconds: 2 }],
  contributing: [],
  competing: [],
  ruledOut: [{ cause: 'zero-window', because: 'Its receive window never closed.', frames: back(521) }],
  findings: [
    { text: 'The whole request was acknowledged 0.3 ms after it was sent.', frames: back(519, 520) },
    { text: 'The answer began 1.399 s after the proxy gave up.', frames: [...front(541), ...back(553)] },
  ],
  timeline: [
    entry(0, CLIENT, FRONT, 'GET /api/recommend', front(520)),
    entry(0.000412, BACK, UPSTREAM, 'GET /api/recommend', back(519)),
    entry(0.000702, UPSTREAM, BACK, 'acknowledges the whole request', back(520)),
    { ...entry(2.001374, BACK, UPSTREAM, 'FIN: the proxy gives up', back(538)), deciding: true },
    entry(2.0016, FRONT, CLIENT, '504 Gateway Time-out', front(541)),
    { ...entry(3.400211, UPSTREAM, BACK, '200 OK, too late', back(553)), deciding: true },
  ],
  checklist: [
    { step: 1, outcome: 'pass', text: 'Client, proxy and upstream are identified.', frames: front(520) },
    { step: 5, outcome: 'not-applicable', text: 'The upstream leg is not encrypted.', frames: [] },
    { step: 7, outcome: 'fail', text: 'No response before the proxy gave up.', frames: back(553) },
    { step: 10, outcome: 'unknown', text: 'Not an isolated capture.', frames: [] },
  ],
  missing: [],
  remedies: ['Find out why /api/recommend takes longer than 2 s, or raise proxy_read_timeout above what it needs.'],
  filters: [
    { capture: 0, filter: 'ip.addr == 10.1.0.2 && tcp.port == 33364' },
    { capture: 1, filter: 'ip.addr == 10.3.0.11 && tcp.port == 47762' },
  ],
}

const unsure: Incident = {
  ...slow,
  id: '2',
  status: null,
  statusSeen: false,
  time: '2026-11-22T08:57:40.000000000Z',
  client: null,
  proxyFront: null,
  hops: [],
  gateway: null,
  cause: 'connect-timeout',
  class: 'network-stall',
  domain: 'network',
  confidence: 'possible',
  summary: 'Nothing answered the proxy’s SYNs.',
  waitSeconds: null,
  attempts: [
    { upstream: '10.3.0.12:8080', proxyBack: null, cause: 'connect-refused', startSeconds: 0, durationSeconds: 0.001 },
    { upstream: UPSTREAM, proxyBack: BACK, cause: 'connect-timeout', startSeconds: 0.001, durationSeconds: 3 },
  ],
  competing: [
    {
      cause: 'accept-queue-full',
      because: 'A capture at the upstream shows whether the SYNs arrive.',
      frames: back(7),
    },
  ],
  findings: [{ text: 'Four SYNs, no answer.', frames: back(1, 2, 3, 4, 5, 6, 7, 8, 9) }],
  timeline: [],
  missing: [
    {
      vantage: 'upstream',
      because: 'It shows whether the SYNs arrive.',
      command: "tcpdump -i any -s 0 -w upstream.pcap -C 100 -W 10 'host 10.2.0.1 and (tcp port 8080 or icmp)'",
    },
  ],
  remedies: [],
  filters: [],
}

const capture = (id: number, file: string): DiagnosisDocument['captures'][number] => ({
  id,
  file,
  format: 'pcap',
  frames: 541,
  first: '2026-11-22T08:57:01.000000000Z',
  last: '2026-11-22T08:57:23.500000000Z',
  vantages: [id === 0 ? 'proxy-front' : 'proxy-back'],
  clock: { offsetSeconds: id * 3.2, low: 0, high: 0, by: null, driftPpm: null, steps: [], isContradictory: false },
  warnings: id === 0 ? [] : ['12 frames were cut by the snap length of 96 bytes.'],
})

const document = (incidents: Incident[], masked: Incident[] = []): DiagnosisDocument => ({
  schema: 'pcap-surgery/diagnosis@1',
  captures: [capture(0, 'lab/front.pcap'), capture(1, 'lab/back.pcap')],
  incidents,
  masked,
  healthy: { exchanges: 82 },
  notes: ['One connection is encrypted: 10.1.0.2:1234 → 10.1.0.1:443.'],
})

const golden = (name: string): string => `expected/${name}.txt`

test('one incident', async () => {
  await expect(renderText(document([slow]), PLAIN)).toMatchFileSnapshot(golden('one'))
})

const arrow = (seconds: number, from: number, to: number, kind: ArrowKind, label: string, deciding = false): Arrow => ({
  seconds,
  arrivalSeconds: null,
  lost: false,
  from,
  to,
  kind,
  marks: [],
  label,
  connection: null,
  frames: [],
  deciding,
  tcp: null,
})

const ladder: Ladder = {
  lanes: ['client', 'proxy', 'upstream'].map((name) => ({ role: 'host', addresses: [], name, host: null })),
  connections: [],
  leftOut: { lanes: 0, packets: 0 },
  arrows: [
    arrow(0, 0, 1, 'request', 'GET /api/recommend'),
    arrow(0.000412, 1, 2, 'request', 'GET /api/recommend'),
    arrow(2.001374, 1, 2, 'fin', 'FIN', true),
    arrow(2.0016, 1, 0, 'response', '504 Gateway Time-out'),
    arrow(3.400211, 2, 1, 'response', '200 OK', true),
    arrow(3.400223, 1, 2, 'reset', 'RST'),
  ],
}

test('one incident, drawn', async () => {
  const text = renderText(document([slow]), { ...PLAIN, ladderOf: () => ladder })
  await expect(text).toMatchFileSnapshot(golden('drawn'))
})

test('the proxies of a chain have numbers', () => {
  const hops = [{ from: '10.9.0.1:4711', to: '10.9.0.2:8000' }]
  const timeline = [
    entry(0, CLIENT, FRONT, 'asked', []),
    entry(1, '10.9.0.1:4711', '10.9.0.2:8000', 'passed on', []),
    entry(2, BACK, UPSTREAM, 'tried', []),
  ]
  const text = renderText(document([{ ...slow, hops, timeline }]), PLAIN)
  for (const line of ['client → proxy 1    asked', 'proxy 1 → proxy 2   passed on', 'proxy 2 → upstream  tried'])
    expect(text).toContain(line)
})

test('one incident with its checklist, on a narrow screen', async () => {
  const text = renderText(document([slow]), { ...PLAIN, width: 60, checklist: true, all: true })
  await expect(text).toMatchFileSnapshot(golden('checklist'))
})

test('an unsure one: what competes, and what to capture next', async () => {
  await expect(renderText(document([unsure]), PLAIN)).toMatchFileSnapshot(golden('unsure'))
})

const many = Array.from({ length: 9 }, (_, at) => ({
  ...slow,
  id: `${at}`,
  time: `2026-11-22T08:57:2${at}.000000000Z`,
  path: `/api/recommend?page=${at}`,
  status: at === 3 ? 502 : 504,
  confidence: at === 5 ? ('certain' as const) : ('likely' as const),
  waitSeconds: 2 + at / 1000,
}))

test('many incidents: one block a kind under an overview', async () => {
  await expect(renderText(document([unsure, ...many]), PLAIN)).toMatchFileSnapshot(golden('many'))
})

test('--all prints each in full', () => {
  const text = renderText(document(many), { ...PLAIN, all: true })
  expect(text.match(/^50[24] {2}Upstream/gm)).toHaveLength(9)
  expect(text).not.toContain('--all')
})

test('failures that a retry hid', () => {
  const masked = {
    ...unsure,
    status: 200,
    statusSeen: true,
    attempts: [unsure.attempts[0]!, { ...unsure.attempts[1]!, cause: null }],
  }
  expect(renderText(document([], [masked]), { ...PLAIN, width: 120 })).toContain(
    '1 failure hidden by a retry (the client saw success)\n' +
      '  - 2  200  GET shop.example/api/recommend  10.3.0.12:8080 connect-refused, then 10.3.0.11:8080 answered\n',
  )
})

test('a healthy capture says what was seen', () => {
  expect(renderText(document([]), PLAIN)).toMatch(
    /^No gateway failure in 82 exchanges \(1,082 frames in 2 captures\)\.\n/,
  )
})

test('a capture without HTTP is not called healthy', () => {
  expect(renderText({ ...document([]), healthy: { exchanges: 0 } }, PLAIN)).toMatch(/nothing here can\sbe judged/)
})

test('colour is for terminals', () => {
  expect(renderText(document([slow]), PLAIN)).not.toContain('\x1b')
  expect(renderText(document([slow]), { ...PLAIN, colour: true })).toContain('\x1b[1m')
})

test('a long timeline keeps its ends and what decides', () => {
  const long = Array.from({ length: 60 }, (_, at) => ({
    ...entry(at, UPSTREAM, BACK, `segment ${at}`, back(at + 1)),
    deciding: at === 30,
  }))
  const text = renderText(document([{ ...slow, timeline: long }]), PLAIN)
  expect(text).toContain('segment 0 ')
  expect(text).toMatch(/^ {2}> +\+30\.000000 .*segment 30 /m)
  expect(text).toContain('segment 59 ')
  expect(text).toContain('47 more entries (--all)')
})

test('captures of the same name are told apart by their folders', () => {
  const two = document([slow])
  two.captures = [capture(0, 'front/a.pcap'), capture(1, 'back/a.pcap')]
  expect(renderText(two, PLAIN)).toContain('back/a.pcap #519 #520')
})

test('whatever string comes from a capture is escaped', () => {
  const evil = '\x1b[2J\u202e\u200b\r\n'
  const poison = <T>(value: T): T => {
    if (typeof value === 'string') return `${value}${evil}` as T
    if (Array.isArray(value)) return value.map(poison) as T
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poison(inner)])) as T
  }
  for (const all of [false, true]) {
    const text = renderText(poison(document([slow, unsure, ...many], [unsure])), { ...PLAIN, checklist: true, all })
    // oxlint-disable-next-line no-control-regex -- control bytes are the subject
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e\u200b]/)
    expect(text).toContain('\\x1b[2J\\u202e\\u200b\\x0d\\x0a')
  }
})
