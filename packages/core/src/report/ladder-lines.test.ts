import { expect, test } from 'vitest'
import { ladderLines } from './ladder-lines.ts'
import type { Arrow, Ladder, Lane } from './ladder.ts'

const arrow = (seconds: number, from: number, to: number | null, label: string, some: Partial<Arrow> = {}): Arrow => ({
  seconds,
  arrivalSeconds: null,
  lost: false,
  from,
  to,
  kind: 'request',
  marks: [],
  label,
  connection: null,
  frames: [{ capture: 0, frame: 7 }],
  deciding: false,
  tcp: null,
  ...some,
})

const ladder = (...arrows: Arrow[]): Ladder => ({
  lanes: ['client', 'proxy', 'upstream'].map((name) => ({ role: 'host', addresses: [name], name, host: null })),
  connections: [],
  leftOut: { lanes: 0, packets: 0 },
  arrows,
})

const named = (): string => '#7 and others'
const lines = (some: Ladder, width = 60, most = 10): string[] => ladderLines(some, { width, most, frames: () => '' })

test('both legs side by side: what was sent again is one line, what is lost ends in a cross', () => {
  const again = (seconds: number): Arrow => arrow(seconds, 1, 2, 'GET /a', { lost: true, marks: ['retransmission'] })
  const answer = arrow(3, 1, 0, '504 Gateway Time-out', { kind: 'response', deciding: true })
  expect(lines(ladder(arrow(0, 0, 1, 'GET /a'), again(0.2), again(0.6), again(1.4), answer), 74)).toEqual([
    '             client                      proxy                    upstream',
    '   +0.000000    │──────── GET /a ─────────▶│                          │',
    '       200 ms   ·                          ·                          ·',
    '   +0.200000    │                          │ 3× GET /a (again, lost) ×│',
    '       1.60 s   ·                          ·                          ·',
    ' > +3.000000    │◀ 504 Gateway Time-out ───│                          │',
  ])
})

test('acknowledgements and handshakes go first where there is little room; what decides stays', () => {
  const acks = Array.from({ length: 8 }, (_, n) =>
    arrow(0.001 + n / 1e5, 1, 0, 'ACK', { kind: 'ack', marks: ['out-of-order'] }),
  )
  const all = ladder(
    arrow(0, 0, 1, 'SYN', { kind: 'syn' }),
    ...acks,
    arrow(0.002, 1, 0, 'RST', { kind: 'reset', deciding: true }),
  )
  expect(lines(all, 72, 3).map((line) => line.replaceAll(/[^A-Za-z>]+/g, ' ').trim())).toEqual([
    'client proxy upstream',
    'SYN',
    'ms',
    '> RST',
  ])
})

test('no line is longer than there is room, with frames behind it neither', () => {
  for (let width = 40; width < 140; width++) {
    const drawn = ladderLines(ladder(arrow(0, 0, 1, 'GET /a'), arrow(1, 1, 2, 'GET /a')), {
      width,
      most: 10,
      frames: named,
    })
    expect(Math.max(0, ...drawn.map(({ length }) => length))).toBeLessThanOrEqual(width)
  }
})

test('nothing is drawn where there is no room, or nothing to draw', () => {
  expect(lines(ladder(arrow(0, 0, 1, 'GET /a')), 40)).toEqual([])
  expect(lines(ladder(), 80)).toEqual([])
})

test('of many hosts those that decide stay, and the others are counted', () => {
  const names = ['client', 'proxy', ...[1, 2, 3, 4, 5, 6, 7].map((n) => `upstream ${n}`)]
  const lanes = names.map((name): Lane => ({ role: 'host', addresses: [], name, host: null }))
  const tries = lanes.slice(2).map((_, n) => arrow(n, 1, n + 2, 'SYN', { kind: 'syn', deciding: n === 6 }))
  const many = { ...ladder(arrow(-0.1, 0, 1, 'GET /a'), ...tries), lanes }
  const drawn = lines(many, 80)
  expect(drawn[0]!.trim().split(/  +/)).toEqual(['client', 'proxy', 'upstream 1', 'upstream 2', 'upstream 7'])
  expect(drawn.find((line) => line.startsWith(' >'))).toContain('+6.000000')
  expect(drawn.at(-1)!.trim()).toBe('… 4 more hosts with 4 packets')
  expect(lines(many, 50)).toEqual([])
})

test('where there is no room for lanes and frames, frames go', () => {
  const some = ladder(arrow(0, 0, 1, 'GET /a'), arrow(1, 1, 2, 'GET /a', { deciding: true }))
  const withFrames = (width: number): string[] =>
    ladderLines(some, { width, most: 10, frames: () => 'balancer-at-the-edge.pcap #1234567' })
  expect(withFrames(90)[1]).toContain('#1234567')
  expect(withFrames(70)).toEqual(lines(some, 70))
})

test('no line is wider than the screen, and none steers it', () => {
  const hostile = 'GET /\x1b[31m\u202e\n' + 'x'.repeat(10_000)
  const drawn = lines(ladder(arrow(0, 0, 1, hostile), arrow(1, 2, 0, hostile, { deciding: true })), 80)
  for (const line of drawn) expect(line.length).toBeLessThanOrEqual(80)
  expect(drawn.join('')).not.toContain('\x1b')
  expect(drawn.join('')).not.toContain('\u202e')
})

test('the lanes stay in their columns, however long ago a connection began', () => {
  const drawn = lines(ladder(arrow(-56_789, 1, 2, 'SYN'), arrow(0, 0, 1, 'GET /a'), arrow(1, 2, 1, 'RST')), 90)
  const places = drawn.slice(1).map((line) => [16, 16 + 34, 16 + 68].map((at) => line[at]))
  expect(places).toEqual(drawn.slice(1).map((line) => Array(3).fill(line.includes('·') ? '·' : '│')))
  expect(drawn[2]).toContain('15 h 46 min 29 s·')
})

test('what a path is called neither hides nor becomes a mark', () => {
  const again = arrow(0, 0, 1, 'GET /retransmission', { marks: ['retransmission'] })
  expect(lines(ladder(again), 110)[1]).toContain('GET /retransmission (again)')
})
