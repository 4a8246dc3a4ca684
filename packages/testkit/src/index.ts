/**
 * Conversations as captures, for tests that read as who says what to whom.
 *
 *     const net = network()
 *     const back = net.host('proxy-back', '10.1.0.1'), app = net.host('upstream', '10.1.0.2')
 *     net.tcp(back, app, 8080, { rtt: 0.002 })
 *       .handshake()
 *       .send('>', request('GET /report'))
 *       .wait(60)
 *       .fin('>')
 *     const bytes = net.capture('proxy-back', { format: 'pcapng', snapLength: 96 })
 *
 * A host's name is the vantage at it: a packet is seen where it leaves and, one way later, where it arrives. `lost`
 * packets are seen where they leave only, `unseen` ones nowhere, `forged` ones (a middlebox's) only where they arrive.
 * Every call sends at the present time and leaves the clock at the arrival, so `wait` is what the receiver takes to think.
 *
 * The common story in one call, with captures of both sides of the proxy:
 *
 *     const { front, back } = gateway({
 *       attempts: [(upstream) => upstream.syn().rst('<'),                                    // refused, then the next
 *                  (upstream, request) => upstream.handshake().send('>', request).wait(60).fin('>')],
 *       answer: 504,
 *     })
 *
 * More: `.syn({ lost: true }).retransmit('>', { after: [1, 2, 4], lost: true })` a SYN into the void ·
 * `.send('<', big, { lost: [2] })` a hole, SACKs, `.retransmit('<')` · `.send('>', text, { ack: 'none' })` ·
 * `.rst('<', { forged: true, ttl: 250, ipId: 0 })` · `.window('<', 0)` · `.syn({ lost: true }).icmp('host-unreachable')` ·
 * `net.dns(back, server, 'app.internal', { answer: 'NXDOMAIN' })` · `net.arp(back, '10.1.0.2')` asked in vain ·
 * `.fin('<', { ack: 'none' }).wait(-0.0003).send('>', text).rst('<', { bare: true })` a request that crosses a FIN ·
 * `net.at(0.5, () => other.send('>', '…'))` meanwhile.
 *
 * And what comes of it, from bytes to verdict:
 *
 *     expect(await judged({ attempts: [(upstream) => upstream.syn().rst('<')], answer: 502 })).toEqual({
 *       sides: 'connect-refused upstream certain', all: 'connect-refused upstream certain', frames: ['1:2'],
 *     })
 */
export { ajp, ajpBody, ajpChunk, ajpEnd, ajpHeaders, ajpRequest, ajpResponse, ajpString } from './ajp.ts'
export { join } from './bytes.ts'
export {
  FCGI,
  fastcgiRequest,
  fastcgiResponse,
  fcgi,
  fcgiBegin,
  fcgiEnd,
  fcgiParams,
  type RecordOptions,
} from './fastcgi.ts'
export { gateway, type GatewayScenario, type GatewayStory } from './gateway.ts'
export { request, response, type Headers } from './http.ts'
export * from './http2.ts'
export { http2Open, http2Request, http2Response } from './http2-leg.ts'
export type { IcmpError } from './icmp.ts'
export { play, type Step, told, type Witness, witness } from './messages.ts'
export { network, type CaptureOptions, type DnsOptions, type Network } from './network.ts'
export { scrubbed, type StreamPiece } from './scrubbed.ts'
export type { Host } from './side.ts'
export type { Direction, IcmpOptions, PacketOptions, RawSegment, SendOptions, Tcp, TcpSetup } from './tcp.ts'
export * from './tls.ts'
export * from './tls-leg.ts'
export type { Fate } from './wire.ts'
export { scgiRequest, uwsgiRequest } from './uwsgi.ts'
export { documentOf, type Judged, judged, verdictOf } from './verdict.ts'
export { writePcap, type Frame, type PcapOptions } from './write-pcap.ts'
export { writePcapng, type PcapngOptions } from './write-pcapng.ts'
