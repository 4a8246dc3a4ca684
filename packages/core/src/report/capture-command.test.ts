import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { captureFilter, type CapturePlace, pktmonCommands, tcpdumpCommand } from './capture-command.ts'

const place: CapturePlace = {
  vantage: 'upstream',
  peers: [{ address: '10.3.0.11', port: 8080 }],
  names: false,
  depth: 'whole',
}
const v6 = { address: '2001:db8::11', port: 443 }

describe('tcpdump', () => {
  test('takes whole packets of the peer, with what is sent about them, into a ring', () => {
    expect(tcpdumpCommand(place)).toBe(
      "tcpdump -i any -s 0 -B 16384 -C 100 -W 10 -w /var/tmp/upstream.pcap '(tcp and host 10.3.0.11 and port 8080) or icmp or icmp6 or arp'",
    )
  })

  test('takes headers only where no stream has to be read, and stops by itself', () => {
    expect(tcpdumpCommand({ ...place, depth: 'headers', seconds: 300, megabytes: 55 })).toMatch(
      /^timeout 300 tcpdump -i any -s 128 -B 16384 -C 6 -W 10 /,
    )
  })

  test('hands an interface with a strange name to the shell in one piece', () => {
    expect(tcpdumpCommand({ ...place, interface: "x'; y" })).toContain(`-i 'x'\\''; y' -s`)
  })

  test('asks for VLAN tags only where they are: not on all interfaces', () => {
    expect(captureFilter({ ...place, vlan: true })).not.toContain('vlan')
  })
})

describe('pktmon', () => {
  test('adds filters, starts, stops and converts', () => {
    const { start, stop } = pktmonCommands({ ...place, names: true })
    expect(start).toEqual([
      'pktmon filter remove',
      'pktmon filter add tcp1 -t TCP -i 10.3.0.11 -p 8080',
      'pktmon filter add names -p 53',
      'pktmon filter add icmp -t ICMP',
      'pktmon filter add icmp6 -t ICMPv6',
      'pktmon filter add arp -d ARP',
      'pktmon start --capture --comp nics --pkt-size 0 --file-name upstream.etl --file-size 1000 --log-mode circular',
    ])
    expect(stop).toEqual(['pktmon stop', 'pktmon etl2pcap upstream.etl --out upstream.pcapng'])
  })

  test('has no more filters than pktmon takes', () => {
    const peers = Array.from({ length: 40 }, (_, i) => ({ address: `10.3.0.${i}`, port: 80 }))
    const filters = pktmonCommands({ ...place, peers }).start.filter((line) => line.startsWith('pktmon filter add'))
    expect(filters.length).toBeLessThanOrEqual(32)
  })
})

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0
if (!hasTcpdump) console.warn('SKIPPED: no tcpdump here, nobody checks that the capture filters compile')

describe.skipIf(!hasTcpdump)('every filter compiles', () => {
  test.each<[string, Partial<CapturePlace>, string]>([
    ['IPv4 on all interfaces', {}, 'LINUX_SLL2'],
    ['IPv6', { peers: [v6] }, 'LINUX_SLL2'],
    ['a pool of both, without a port', { peers: [{ address: '10.3.0.11', port: null }, v6], names: true }, 'EN10MB'],
    ['nobody in particular', { peers: [], names: true }, 'LINUX_SLL'],
    [
      'a port of whatever address, and a name server',
      { peers: [{ address: null, port: 80 }], names: 8600 },
      'LINUX_SLL2',
    ],
    ['handshakes alone', { peers: [{ address: '10.3.0.11', port: 80 }, v6], depth: 'handshakes' }, 'LINUX_SLL2'],
    ['VLAN tags', { peers: [v6], interface: 'eth0', vlan: true }, 'EN10MB'],
    ['handshakes in VLANs', { depth: 'handshakes', interface: 'eth0', vlan: true }, 'EN10MB'],
  ])('%s', (_, part, link) => {
    const { status, stderr } = spawnSync('tcpdump', ['-y', link, '-d', captureFilter({ ...place, ...part })])
    expect(`${stderr}`).toBe('')
    expect(status).toBe(0)
  })
})
