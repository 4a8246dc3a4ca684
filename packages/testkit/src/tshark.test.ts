// tshark as a second opinion on what the testkit writes.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { gateway, network, request, response, type CaptureOptions } from './index.ts'

const installed = spawnSync('tshark', ['-v']).status === 0
if (!installed) console.warn('SKIPPED: tshark is not installed, nobody checks what the testkit writes')

const folder = mkdtempSync(join(tmpdir(), 'testkit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PREFERENCES = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum', 'tcp.reassemble_out_of_order']

function tshark(capture: Uint8Array, ...args: string[]): string[] {
  const file = join(folder, 'capture')
  writeFileSync(file, capture)
  const output = execFileSync(
    'tshark',
    ['-r', file, '-n', ...PREFERENCES.flatMap((name) => ['-o', `${name}:TRUE`]), ...args],
    { encoding: 'utf8', stdio: 'pipe' },
  )
  return output.split('\n').filter((line) => line !== '')
}

/** One line a frame: the fields that are there, separated by spaces. */
const fields = (capture: Uint8Array, ...names: string[]): string[] =>
  tshark(capture, '-T', 'fields', ...names.flatMap((name) => ['-e', name])).map((line) =>
    line.split('\t').filter(Boolean).join(' '),
  )

const BAD = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((layer) => `${layer}.checksum.status == 0`)
const damaged = (capture: Uint8Array): string[] => tshark(capture, '-Y', ['_ws.malformed', ...BAD].join(' or '))

/** A bit of everything between two hosts. */
function everything(ip: [string, string], options: CaptureOptions = {}): Uint8Array {
  const net = network()
  const [client, server] = [net.host('client', ip[0]), net.host('server', ip[1])]
  net.dns(client, server, 'app.internal', { answer: ['10.1.0.2'] })
  net.dns(client, server, 'app.internal', { answer: 'NXDOMAIN', type: 'AAAA' })
  net.tcp(client, server, 81).syn({ lost: true }).icmp('host-unreachable').icmp('fragmentation-needed')
  const isn: [number, number] = [0xfffffff0, 0xfffff000] // both wrap
  const conversation = net.tcp(client, server, 80, { isn, hops: 3 })
  conversation
    .handshake()
    .send('>', request('GET /'))
    .send('<', response(200, 'x'.repeat(9000)), { lost: [2] })
  conversation.retransmit('<').keepAlive('>').window('>', 0).windowProbe('<').close('<')
  return net.capture('client', options)
}

describe.skipIf(!installed)('tshark agrees', () => {
  test.each([
    ['IPv4', everything(['10.0.0.2', '10.0.0.1'])],
    ['IPv6', everything(['2001:db8::2', '2001:db8::1'])],
    ['pcapng', everything(['10.0.0.2', '10.0.0.1'], { format: 'pcapng', interfaceName: 'eth0', dropped: 1 })],
    ['big-endian, VLAN', everything(['10.0.0.2', '10.0.0.1'], { byteOrder: 'big', vlan: 12 })],
    ['raw IP', everything(['10.0.0.2', '10.0.0.1'], { linkType: 'raw' })],
    ['Linux cooked', everything(['10.0.0.2', '10.0.0.1'], { linkType: 'sll' })],
    ['Linux cooked 2', everything(['10.0.0.2', '10.0.0.1'], { linkType: 'sll2' })],
  ])('every packet is whole, every checksum right: %s', (_, capture) => {
    expect(damaged(capture)).toEqual([])
    expect(fields(capture, 'http.request.method', 'http.response.code').join('')).toBe('GET200')
  })

  test('a bad checksum is seen, so that the test above can fail', () => {
    const net = network()
    net.tcp(net.host('client', '10.0.0.2'), net.host('server', '10.0.0.1'), 80).syn({ badChecksum: true })
    expect(damaged(net.capture('client'))).toHaveLength(1)
  })

  test('loss: a hole at the receiver, SACK, retransmission, D-SACK', () => {
    const net = network()
    const [client, server] = [net.host('client', '10.0.0.2'), net.host('server', '10.0.0.1')]
    const conversation = net.tcp(client, server, 80, { mss: 1012 }).handshake() // 1000 bytes and time stamps
    conversation
      .send('<', 'x'.repeat(3000), { lost: [1] })
      .retransmit('<')
      .retransmit('<')
    expect(fields(net.capture('client'), 'tcp.seq', 'tcp.ack', 'tcp.len', 'tcp.options.sack_le').slice(3)).toEqual([
      '1 1 1000',
      '2001 1 1000',
      '1 1001 0 2001',
      '1001 1 1000',
      '1 3001 0',
      '2001 1 1000',
      '1 3001 0 2001', // D-SACK
    ])
    expect(fields(net.capture('server'), 'tcp.len').filter((length) => length === '1000')).toHaveLength(5)
  })

  test('a delayed acknowledgement rides on data that leaves before it', () => {
    const net = network()
    const conversation = net.tcp(net.host('client', '10.0.0.2'), net.host('server', '10.0.0.1'), 80).handshake()
    conversation.send('>', 'ping', { ack: 'delayed' }).wait(0.01).send('<', 'pong', { ack: 'delayed' }).wait(1)
    const times = fields(net.capture('client'), 'frame.time_relative', 'tcp.flags.str', 'tcp.len').slice(3)
    expect(times.map((line) => line.replace(/·/g, ''))).toEqual([
      '0.001500000 AP 4',
      '0.012500000 AP 4',
      '0.052500000 A 0',
    ])
  })

  test('a request that crosses a FIN does not acknowledge it', () => {
    const net = network()
    const conversation = net.tcp(net.host('client', '10.0.0.2'), net.host('server', '10.0.0.1'), 80).handshake()
    conversation.fin('<', { ack: 'none' }).wait(-0.0003).send('>', 'late', { ack: 'none' }).rst('<')
    const ends = (vantage: string) => fields(net.capture(vantage), 'tcp.flags.str', 'tcp.seq', 'tcp.ack').slice(3)
    const [late, fin, rst] = ['·······AP··· 1 1', '·······A···F 1 1', '·······A·R·· 2 5']
    expect(ends('client')).toEqual([late, fin, rst])
    expect(ends('server')).toEqual([fin, late, rst])
  })

  test('a forged RST is not in the capture of the host that it names', () => {
    const net = network()
    const [back, app] = [net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2')]
    net.tcp(back, app, 8080).handshake().rst('<', { forged: true, ttl: 250, ipId: 0 })
    expect(fields(net.capture('proxy-back'), 'tcp.flags.reset', 'ip.ttl').at(-1)).toBe('1 250')
    expect(fields(net.capture('upstream'), 'tcp.flags.reset')).toEqual(['0', '0', '0'])
  })

  test('a gateway story: refused, then silent, then 504', () => {
    const { front, back } = gateway({
      attempts: [
        (upstream) => upstream.syn().rst('<'),
        (upstream, ask) => upstream.handshake().send('>', ask).wait(60).fin('>'),
      ],
      answer: 504,
    })
    expect(fields(front, 'http.request.uri', 'http.response.code').filter(Boolean)).toEqual(['/report', '504'])
    expect(fields(back, 'ip.dst', 'tcp.flags.str').map((line) => line.replace(/·/g, ''))).toEqual([
      '10.1.0.2 S',
      '10.1.0.1 AR',
      '10.1.0.3 S',
      '10.1.0.1 AS',
      '10.1.0.3 A',
      '10.1.0.3 AP',
      '10.1.0.1 A',
      '10.1.0.3 AF',
      '10.1.0.1 A',
    ])
  })

  test('clock skew, drift and the time of capture', () => {
    const net = network({ start: '2026-01-02T03:04:05.5Z' })
    const conversation = net.tcp(net.host('client', '10.0.0.2'), net.host('server', '10.0.0.1'), 80).syn()
    conversation.wait(999.9995).synAck().wait(1).ack('>')
    const capture = net.capture('server', { clockSkewSeconds: -6, clockDriftPpm: 10, untilSeconds: 1000.5 })
    expect(fields(capture, 'frame.time_epoch')).toEqual(['1767323039.500500005', '1767324039.510000000'])
  })
})
