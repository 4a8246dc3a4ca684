import { network, request } from '@pcap-surgery/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCaptureReader } from '../capture/open.ts'
import type { Packet } from '../capture/packet.ts'
import { handChooser } from './select.ts'
import { parseFilter } from './filter.ts'

const net = network()
const [here, there] = [net.host('a', '10.0.0.1'), net.host('b', '10.0.0.2')]
net.arp(here, '10.0.0.9') // asked in vain
net.dns(here, there, 'app.internal', { answer: ['10.0.0.2'] })
net.tcp(here, there, 80).handshake().send('>', request('GET /'))
net.tcp(here, there, 81).syn({ lost: true }).icmp('host-unreachable')
const [c, d] = [net.host('c', '2001:db8::1'), net.host('d', '2001:db8::2')]
net.tcp(c, d, 8080).syn()
const CAPTURES = ['a', 'c'].map((name) => net.capture(name))

/** What is kept of both captures. */
function kept(wants: () => (packet: Packet) => boolean): number {
  let count = 0
  for (const capture of CAPTURES) {
    const reader = createCaptureReader()
    const isWanted = wants()
    const sink = { packet: (packet: Packet): void => void (count += isWanted(packet) ? 1 : 0) }
    reader.push(capture, sink)
    reader.end(sink)
  }
  return count
}

function matching(expression: string): number {
  const parsed = parseFilter(expression)
  if (parsed.is === 'malformed') throw new Error(parsed.text)
  return kept(() => handChooser({ connections: null, frames: null, times: null, filter: parsed.filter }).wants)
}

describe('filter', () => {
  const all = matching('ip or ip6 or arp')

  test.each([
    ['arp', matching('arp and host 10.0.0.9')],
    ['udp', matching('port 53')],
    ['icmp', 1],
    ['ip6 and tcp', matching('host 2001:db8::2')],
    ['src port 80 or dst port 80', matching('tcp port 80')],
    ['tcp portrange 80-81', matching('tcp and (port 80 or port 81)')],
    ['net 10.0.0.0/30', matching('ip or (arp and not host 10.0.0.9) or arp')],
    ['net 0.0.0.0/0', matching('ip or arp')],
    ['not tcp', all - matching('tcp')],
    ['! ( tcp||udp )', all - matching('tcp') - matching('udp')],
    ['udp or tcp and port 80', matching('udp or (tcp and port 80)')],
    ['src host 10.0.0.1 and dst host 10.0.0.1', 0],
  ])('%s', (expression, expected) => {
    expect(matching(expression)).toBe(expected)
  })

  test('each of these finds something', () => {
    for (const one of ['arp', 'udp', 'tcp port 80', 'ip6', 'icmp']) expect(matching(one)).toBeGreaterThan(0)
  })

  test.each([
    ['', 0, 'a condition'],
    ['tcp prot 80', 4, '‘and’ or ‘or’'],
    ['host', 4, 'an address'],
    ['host 10.0.0', 5, 'no IP address'],
    ['net 10.0.0.0/33', 4, '0 to 32'],
    ['port 65536', 5, 'a port number'],
    ['portrange 80', 10, 'two port numbers'],
    ['(tcp', 4, '‘)’'],
    ['tcp and', 7, 'a condition'],
    ['tcp or ) udp', 7, 'no condition'],
  ])('%s: malformed', (expression, at, text) => {
    expect(parseFilter(expression)).toEqual({ is: 'malformed', at, text: expect.stringContaining(text) })
  })

  test('any words: a filter or a place, never an error', () => {
    const word = fc.constantFrom(
      'tcp',
      'not',
      '(',
      ')',
      'and',
      'or',
      'host',
      '10.0.0.1',
      'port',
      '80',
      'src',
      '!',
      '&',
      'x',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const parsed = parseFilter(words.join(' '))
        expect(parsed.is === 'filter' || parsed.at <= words.join(' ').length).toBe(true)
      }),
    )
    expect(parseFilter('('.repeat(100_000)).is).toBe('malformed')
    expect(parseFilter('not '.repeat(100_000)).is).toBe('malformed')
  })
})

const onConnection = (a: string, b: string | null): number =>
  kept(() => handChooser({ connections: [{ a, b }], frames: null, times: null, filter: null }).wants)

describe('by hand', () => {
  test('a connection by both ends or one, with the ICMP errors that quote it', () => {
    expect(onConnection('10.0.0.2:81', null)).toBe(matching('tcp port 81 or icmp'))
    expect(onConnection('[2001:db8::2]:8080', null)).toBe(matching('ip6'))
    expect(onConnection('10.0.0.2:80', '10.0.0.1:1')).toBe(0)
  })

  test('frames and times', () => {
    const none = { connections: null, filter: null }
    const frames = [
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ]
    expect(kept(() => handChooser({ ...none, frames, times: null }).wants)).toBe(3 + Math.min(3, matching('ip6')))
    const past = [{ from: null, to: { seconds: 0, nanoseconds: 0 } }]
    expect(kept(() => handChooser({ ...none, frames: null, times: past }).wants)).toBe(0)
    const ever = [{ from: { seconds: 0, nanoseconds: 0 }, to: null }]
    expect(kept(() => handChooser({ ...none, frames: null, times: ever }).wants)).toBe(matching('ip or ip6 or arp'))
  })
})
