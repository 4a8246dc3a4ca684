// A capture that goes on: what is told while it does is what a diagnosis of all of it says, sooner.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { network, request, response } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { nobleCrypto } from '../app/tls/crypto-noble.ts'
import { LiveCapture, observe } from '../observe/observe.ts'
import { correlate } from '../story/correlate.ts'
import { diagnose } from './diagnose.ts'
import type { DiagnosisDocument, Incident } from './document.ts'
import { type Told, Watch } from './watch.ts'

const options = { decompression: { gzip: (source: AsyncIterable<Uint8Array>) => source }, crypto: nobleCrypto }
const HORIZON = { horizonSeconds: 300, graceSeconds: 2, vantage: null }

/** What is told of a capture that comes in so many pieces, with a look behind each, and at its end. */
async function watched(
  bytes: Uint8Array,
  pieces: number,
  how: { horizonSeconds: number } = HORIZON,
): Promise<{ looks: Told[][]; end: Told[]; document: DiagnosisDocument }> {
  const looks: Told[][] = []
  const size = Math.ceil(bytes.length / pieces)
  async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) {
      yield bytes.subarray(at, at + size)
      looks.push(watch.look(0))
    }
  }
  const capture = new LiveCapture({ file: 'live.pcap', open }, options)
  const watch: Watch = new Watch(capture, { ...HORIZON, ...how })
  const { told: end, document } = watch.end(await capture.read())
  return { looks, end, document }
}

const said = ({ incident: { id, cause, confidence }, revision, isWithdrawn }: Told): string =>
  `${id}.${revision} ${cause} ${confidence}${isWithdrawn ? ' withdrawn' : ''}`

/** A proxy that gives up after a second, and an upstream that is refused, or answers late. */
function story(kinds: readonly ('good' | 'refused' | 'late')[]): Uint8Array {
  const net = network()
  const [client, proxy, app] = [
    net.host('client', '10.1.0.2'),
    net.host('proxy', '10.1.0.1'),
    net.host('app', '10.2.0.2'),
  ]
  for (const [n, kind] of kinds.entries()) {
    const front = net
      .tcp(client, proxy, 80)
      .handshake()
      .send('>', request(`GET /${n}`))
    if (kind === 'refused') {
      net.tcp(proxy, app, 8080).syn().rst('<')
      front.send('<', response(502, '')).close('>')
    } else {
      const back = net
        .tcp(proxy, app, 8080)
        .handshake()
        .send('>', request(`GET /${n}`))
      if (kind === 'good') back.send('<', response(200, 'well')).close('>')
      else back.wait(1).fin('>')
      front.send('<', response(kind === 'good' ? 200 : 504, '')).close('>')
      if (kind === 'late') {
        // Behind the grace period, with something else in between.
        net.wait(3)
        net.tcp(client, proxy, 22).syn().rst('<')
        back.wait(1).send('<', response(200, 'late'))
      }
    }
    net.wait(3)
  }
  return net.capture('proxy')
}

describe('an incident', () => {
  test('is told once, when it has been over for a while', async () => {
    const { looks, end } = await watched(story(['good', 'refused', 'good', 'good', 'good']), 50)
    expect(looks.flat().map(said)).toEqual(['1.0 connect-refused certain'])
    expect(end).toEqual([])
  })

  test('that came last is told at the end', async () => {
    const { looks, end } = await watched(story(['good', 'refused']), 50)
    expect([looks.flat(), end.map(said)]).toEqual([[], ['1.0 connect-refused certain']])
  })

  test('is told again under its id when what comes later says more', async () => {
    const { looks } = await watched(story(['good', 'late', 'good', 'good', 'good']), 200)
    const all = looks.flat().map(said)
    expect(all[0]).toMatch(/^1\.0 upstream-silent/)
    expect(all.at(-1)).toBe('1.1 upstream-slow certain')
  })
})

test('what is over for longer than the horizon is let go, and counted all the same', async () => {
  const kinds = Array.from({ length: 60 }, (_, n) => (n % 10 === 4 ? 'refused' : 'good') as 'refused' | 'good')
  const bytes = story(kinds)
  const whole = await watched(bytes, 40)
  const short = await watched(bytes, 40, { horizonSeconds: 12 })
  const all = ({ looks, end }: typeof whole): string[] => [...looks.flat(), ...end].map(said)
  expect(all(short)).toEqual(all(whole))
  expect(short.document.healthy.exchanges).toBe(54)
  // Of the sixty requests few are left.
  expect(short.document.incidents.length).toBeLessThan(4)
})

const CASES = fileURLToPath(new URL('../../../../cases/', import.meta.url))
const files = readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.pcap(ng)?(\.gz)?$/.test(name),
)

const inShort = ({ time, cause, confidence, status, client, upstream }: Incident): string =>
  `${time} ${client} ${upstream}: ${status} ${cause} ${confidence}`

describe('real captures, told piece by piece: the last word on each incident is that of the whole', () => {
  test.each(files)('%s', async (name) => {
    const file = readFileSync(CASES + name)
    const bytes = name.endsWith('.gz') ? gunzipSync(file) : file
    async function* open(): AsyncGenerator<Uint8Array> {
      yield bytes
    }
    const { incidents, masked } = diagnose(correlate([await observe([{ file: name, open }], options)]))
    const { looks, end } = await watched(bytes, 23)
    const last = new Map<string, Told>()
    for (const told of [...looks.flat(), ...end]) last.set(told.incident.id, told)
    const standing = [...last.values()].filter(({ isWithdrawn }) => !isWithdrawn)
    expect(standing.map(({ incident }) => inShort(incident)).toSorted()).toEqual(
      [...incidents, ...masked].map(inShort).toSorted(),
    )
  })
})
