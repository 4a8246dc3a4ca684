// Ladders of real captures: the cases of this repository, and some labelled scenarios of other shapes.
import { describe, expect, test } from 'vitest'
import { areThere, observed } from '../../../../tools/labelled.ts'
import { wrongsOf } from '../../../../tools/ladders.ts'
import { caseNames, storyOf } from '../../../../tools/stories.ts'
import { correlate } from '../story/correlate.ts'
import type { Story } from '../story/story.ts'
import { diagnose } from './diagnose.ts'
import { type Arrow, type Ladder, ladderOf } from './ladder.ts'

const scenario = async (name: string): Promise<Story> =>
  correlate((await observed(name)).map(({ observations }) => observations))

function everyWrong(story: Story): string[] {
  const { incidents, masked } = diagnose(story)
  return [...incidents, ...masked].flatMap((one) =>
    wrongsOf(ladderOf(story, one), one).map((text) => `${one.id}: ${text}`),
  )
}

describe('every cited frame is drawn once, between hosts, in order of time', () => {
  test.each(caseNames())('case %s', async (name) => {
    expect(everyWrong(await storyOf(name))).toEqual([])
  })

  // Addresses translated, searches for neighbours, HTTP/2, several tries, one leg, no keys, clocks that run apart.
  test
    .skipIf(!areThere)
    .each([
      'nginx-nat-reset',
      'haproxy-arp-unanswered',
      'nginx-grpc-goaway',
      'nginx-retries-three-ways',
      'haproxy-idle-drop',
      'haproxy-upstream-only',
      'nginx-tls-front-nokeys',
      'nginx-drift',
      'nginx-rotated',
      'nginx-capture-loss',
      'nginx-span',
    ])('scenario %s', async (name) => {
    expect(everyWrong(await scenario(name))).toEqual([])
  })
})

async function firstOf(name: string): Promise<Ladder> {
  const story = await storyOf(name)
  return ladderOf(story, diagnose(story).incidents[0]!)
}

const lanesOf = ({ lanes }: Ladder): string[] => lanes.map(({ name, addresses }) => `${name} ${addresses.join(' ')}`)
const words = ({ lanes }: Ladder, { from, to, label, lost, marks }: Arrow): string =>
  [lanes[from]!.name, to === null ? '*' : lanes[to]!.name, label, ...marks, ...(lost ? ['lost'] : [])].join(' ')

test('a RST that its alleged sender never sent, and the request before it that never came', async () => {
  const ladder = await firstOf('nginx-middlebox-reset')
  const decisive = ladder.arrows.find((arrow) => arrow.deciding)
  expect(words(ladder, decisive!)).toBe('upstream proxy RST unsent')
  expect(ladder.arrows.filter(({ lost }) => lost).map((arrow) => words(ladder, arrow))).toEqual([
    expect.stringMatching(/^proxy upstream POST .* lost$/),
  ])
})

test('large segments are lost, and what offloading had put together arrives in pieces', async () => {
  const ladder = await firstOf('haproxy-mtu-request')
  const sent = ladder.arrows.filter(({ kind, connection }) => kind === 'request' && connection === 1)
  expect(sent.some(({ lost, tcp }) => lost && tcp!.length > 1448)).toBe(true)
  expect(sent.some(({ lost, frames }) => !lost && frames.length > 1)).toBe(true)
  expect(ladder.arrows.filter(({ kind, lost }) => lost && kind !== 'request')).toEqual([])
})

test('of a chain each proxy is one host with both its addresses', async () => {
  const ladder = await firstOf('chain-nginx-haproxy-slow')
  expect(lanesOf(ladder).map((lane) => lane.replaceAll(/\d+\.\d+\.\d+\./g, ''))).toEqual([
    expect.stringMatching(/^client \d+$/),
    expect.stringMatching(/^proxy 1 \d+ \d+$/),
    expect.stringMatching(/^proxy 2 \d+ \d+$/),
    expect.stringMatching(/^upstream \d+$/),
  ])
})

test('a name server stands last, and is asked before there is an upstream', async () => {
  const ladder = await firstOf('nginx-dns-nxdomain')
  expect(ladder.lanes.at(-1)!.role).toBe('name-server')
  const asked = ladder.arrows.filter(({ kind }) => kind === 'dns').map((arrow) => words(ladder, arrow))
  expect(asked.at(0)).toMatch(/^proxy name server A \S+\?$/)
  expect(asked.at(-1)).toBe('name server proxy NXDOMAIN')
})

test.skipIf(!areThere)('a packet of another connection says so: it may be between the same hosts', async () => {
  const story = await scenario('nginx-accept-queue-syn')
  const ladder = ladderOf(story, diagnose(story).incidents[0]!)
  const others = ladder.arrows.filter(
    ({ connection }) => connection !== null && ladder.connections[connection]!.leg === 'other',
  )
  expect(others.map((arrow) => words(ladder, arrow))).toEqual([
    'upstream proxy other connection: SYN-ACK, 10.3.0.11:8081',
  ])
})

test('the story and its ladder are plain data', async () => {
  const ladder = await firstOf('nginx-keepalive-race')
  expect(structuredClone(ladder)).toEqual(ladder)
  expect(JSON.parse(JSON.stringify(ladder))).toEqual(ladder)
})
