import { expect, test } from 'vitest'
import { LADDER_CSS, ladderSvg } from './ladder-svg.ts'
import type { Arrow, Ladder } from './ladder.ts'

const HOSTILE = `"><script>alert(1)</script>&amp;\u202e\x1b[31m' onload='x`

const arrow = (some: Partial<Arrow>): Arrow => ({
  seconds: 0,
  arrivalSeconds: null,
  lost: false,
  from: 0,
  to: 1,
  kind: 'request',
  marks: [],
  label: 'GET /',
  connection: 0,
  frames: [{ capture: 0, frame: 1 }],
  deciding: false,
  tcp: null,
  ...some,
})

const ladder = (...arrows: Arrow[]): Ladder => ({
  lanes: [
    { role: 'client', addresses: ['10.0.0.1'], name: 'client', host: HOSTILE },
    { role: 'proxy', addresses: ['10.0.0.2'], name: 'proxy', host: null },
  ],
  connections: [],
  leftOut: { lanes: 0, packets: 0 },
  arrows,
})

const draw = (...arrows: Arrow[]): string =>
  ladderSvg(ladder(...arrows), {
    id: 'a',
    title: HOSTILE,
    captureName: () => HOSTILE,
  })

test('what captures say is text, wherever it stands', () => {
  const svg = draw(arrow({ label: HOSTILE }), arrow({ label: HOSTILE, kind: 'dns', deciding: true }))
  const tags = new Set([...svg.matchAll(/<([^\s>/]+)/g)].map(([, name]) => name))
  expect([...tags].toSorted()).toEqual(['desc', 'g', 'path', 'rect', 'svg', 'text', 'title'])
  // No attribute but ours; no character that hides or steers.
  expect(svg).not.toMatch(/onload='|style=|href/)
  expect(svg).not.toContain('\x1b')
  expect(svg).not.toContain('\u202e')
})

test('tags are closed in order', () => {
  const open: string[] = []
  const svg = draw(arrow({ lost: true }), arrow({ kind: 'probe' }), arrow({ to: null, kind: 'neighbour' }))
  for (const [, end, name, self] of svg.matchAll(/<(\/?)([^\s>/]+)[^>]*?(\/?)>/g)) {
    const last = end === '' ? null : open.pop()
    expect(last ?? name).toBe(name)
    if (end === '' && self === '') open.push(name!)
  }
  expect(open).toEqual([])
})

test('a lost packet ends in a cross before its lane, and says so', () => {
  const svg = draw(arrow({ lost: true }))
  expect(svg).toContain('class="cross"')
  expect(svg).toContain('GET / (lost)')
  expect(svg).not.toContain('class="head"')
})

test('every class that colours something is one the style names', () => {
  const svg = draw(arrow({ kind: 'reset', marks: ['retransmission'], deciding: true }), arrow({ kind: 'icmp' }))
  for (const name of ['reset', 'again', 'deciding', 'icmp', 'band', 'flag']) {
    expect(svg).toMatch(new RegExp(`class="[^"]*\\b${name}\\b`))
    expect(LADDER_CSS).toContain(`.${name}`)
  }
})

test('frames are named by their captures where there are several', () => {
  const frames = [10, 11, 12].map((capture) => ({ capture, frame: 300 + capture }))
  const named = (count: number, captureName: ((capture: number) => string) | null): string => {
    const svg = ladderSvg(ladder(arrow({ frames: frames.slice(0, count) })), { id: 'a', title: 'x', captureName })
    return /<text class="frames"[^>]*>([^<]*)/.exec(svg)![1]!
  }
  expect(named(1, null)).toBe('#310')
  expect(named(2, (id) => `front-${id}`)).toBe('front-10 #310, front-11 #311')
  expect(named(3, (id) => `balancer-at-the-edge-${id}`)).toBe('balancer…edge-10 #310, balancer…edge-11 #311 …')
})
