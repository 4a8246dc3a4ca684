import { judged, network, request, response, verdictOf, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

describe('connect-unreachable', () => {
  test('an ICMP error quotes the SYN', async () => {
    const story = {
      attempts: [(upstream: Tcp) => upstream.syn({ lost: true }).icmp('host-unreachable')],
      answer: 502,
    }
    expect(await judged(story)).toMatchObject({ sides: 'connect-unreachable network certain', frames: ['1:2', '1:1'] })
  })

  test('nobody answers for the address, and no SYN leaves', async () => {
    const net = network()
    const front = net.host('proxy-front', '10.0.0.1')
    const back = net.host('proxy-back', '10.1.0.1')
    const client = net.tcp(net.host('client', '10.0.0.2'), front, 80).handshake()
    client.send('>', request('GET /report'))
    for (let i = 0; i < 3; i++) {
      net.arp(back, '10.1.0.2')
      net.wait(1)
    }
    client.send('<', response(502, '<center>nginx/1.27.0</center>', { Server: 'nginx/1.27.0' }))
    const captures = [net.capture('proxy-front'), net.capture('proxy-back')]
    expect(await verdictOf(...captures)).toBe('connect-unreachable network certain')
  })

  test('an ICMP error about another size is a matter of the MTU', async () => {
    const body = 'x'.repeat(3000)
    const story = {
      ask: 'POST /report',
      body,
      attempts: [
        (upstream: Tcp, asked: string) =>
          upstream
            .handshake()
            .send('>', asked, { lost: [0, 1] })
            .icmp('fragmentation-needed')
            .retransmit('>', { after: [0.2, 0.4, 0.8], lost: true })
            .wait(10)
            .fin('>'),
      ],
      answer: 504,
    }
    expect(await judged(story)).toMatchObject({ sides: 'mtu-blackhole network certain' })
  })
})
