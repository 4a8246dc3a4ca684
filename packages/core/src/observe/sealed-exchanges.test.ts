// What is told of exchanges inside TLS without keys: requests and answers by size, how each ended.
import {
  clientFlight12,
  clientFlight13,
  clientHello,
  handshakeRecord,
  hello12,
  hello13,
  hiddenAlert12,
  hiddenAlert13,
  network,
  opaqueRecord,
  serverFinished12,
  serverFlight12,
  serverFlight13,
  type Tcp,
  tickets13,
  TLS_1_2,
  TLS_1_3,
} from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'
import { connectionsOf } from './connection-table.ts'
import { observe } from './observe.ts'

/** A record that protects so many bytes: AES-GCM of TLS 1.2 and of TLS 1.3. */
const sealed12 = (length: number) => opaqueRecord(length + 8 + 16)
const sealed13 = (length: number) => opaqueRecord(length + 1 + 16)

const open12 = (tcp: Tcp): Tcp =>
  tcp
    .handshake()
    .send('>', hello12())
    .send('<', serverFlight12())
    .send('>', clientFlight12())
    .send('<', serverFinished12())
const open13 = (tcp: Tcp, hello = hello13()): Tcp =>
  tcp.handshake().send('>', hello).send('<', serverFlight13()).send('>', clientFlight13())
const helloH2 = handshakeRecord(
  clientHello({ alpn: ['h2', 'http/1.1'], versions: [TLS_1_3, TLS_1_2], ciphers: [0x1301] }),
)

const turns = (tcp: Tcp) =>
  open12(tcp)
    .send('>', sealed12(200))
    .send('<', sealed12(900))
    .send('>', sealed12(210))
    .send('>', sealed12(5000))
    .send('<', sealed12(300))
    .send('<', sealed12(70))
const upload = (tcp: Tcp) => open12(tcp).send('>', sealed12(200)).send('<', sealed12(25)).wait(0.1)
const webSocket = (tcp: Tcp) =>
  open12(tcp)
    .send('>', sealed12(180))
    .send('<', sealed12(130))
    .send('>', sealed12(10))
    .send('<', sealed12(7))
    .send('>', sealed12(300))
    .close('<')
const answered = (tcp: Tcp) => open12(tcp).send('>', sealed12(200)).send('<', sealed12(900))
const silent = (tcp: Tcp) => open13(tcp).send('>', sealed13(200)).send('<', tickets13())
const noTickets = (tcp: Tcp) => open13(tcp).send('>', sealed13(200)).send('<', sealed13(120)).wait(1)
/** Preface with SETTINGS, SETTINGS and WINDOW_UPDATE of the server, acknowledgement. */
const openH2 = (tcp: Tcp) =>
  open13(tcp, helloH2)
    .send('>', sealed13(24 + 27 + 13))
    .send('<', sealed13(27 + 13))
    .send('>', sealed13(9))
const pinged = (tcp: Tcp) => openH2(tcp).send('>', sealed13(80)).wait(1).send('>', sealed13(17)).send('<', sealed13(17))
const served = (tcp: Tcp) => openH2(tcp).send('>', sealed13(80)).wait(0.1).send('<', sealed13(9000))
const both = (tcp: Tcp) => openH2(tcp).send('>', sealed13(80)).wait(0.1).send('>', sealed13(60))
const spoken = (tcp: Tcp) =>
  open13(tcp, helloH2).send('<', tickets13()).wait(0.1).send('>', sealed13(63)).send('<', sealed13(900))

/** Each exchange as `request bytes > response bytes, how it ended`. */
async function told(tell: (tcp: Tcp) => unknown): Promise<string[]> {
  const net = network()
  tell(net.tcp(net.host('proxy', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8443))
  const bytes = net.capture('proxy')
  async function* open(): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const observations = await observe([{ file: 'a.pcap', open }], { decompression: { gzip: (source) => source } })
  const connections = connectionsOf(observations)
  return connections[0]!.exchanges.map(({ bodyLength, responseBytes, ended, tunnel, detail }) => {
    const cancelled = detail?.streamReset ? ', cancelled' : ''
    return `${bodyLength} > ${responseBytes}, ${tunnel ? 'tunnel' : (ended ?? 'no answer')}${cancelled}`
  })
}

describe('turns', () => {
  test('a client that sends after an answer asks anew', async () => {
    expect(await told(turns)).toEqual(['200 > 900, complete', '5210 > 370, complete'])
  })

  test('100 Continue is no answer', async () => {
    expect(await told((tcp) => upload(tcp).send('>', sealed12(5000)).send('<', sealed12(90)))).toEqual([
      '5200 > 90, complete',
    ])
  })

  test('what is too short for a request is what goes through a tunnel', async () => {
    expect(await told(webSocket)).toEqual(['180 > 130, complete', '310 > 7, tunnel'])
    expect(await told((tcp) => open12(tcp).send('>', sealed12(6)).close('<'))).toEqual(['6 > 0, tunnel'])
  })

  test('HTTP/1.0 asks in 18 bytes', async () => {
    expect(await told((tcp) => open12(tcp).send('>', sealed12(18)).send('<', sealed12(60)).close('<'))).toEqual([
      '18 > 60, closed',
    ])
  })
})

describe('how an answer ended', () => {
  test.each<[string, (tcp: Tcp) => unknown, string]>([
    ['the server closes', (tcp) => answered(tcp).send('<', hiddenAlert12()).close('<'), 'closed'],
    ['the client closes', (tcp) => answered(tcp).wait(3).close('>'), 'complete'],
    ['the server resets at once', (tcp) => answered(tcp).rst('<'), 'truncated'],
    ['the server resets an idle connection', (tcp) => answered(tcp).wait(2).rst('<'), 'complete'],
    [
      'a RST answers what came behind the FIN',
      (tcp) => answered(tcp).fin('<').send('>', hiddenAlert12()).rst('<'),
      'closed',
    ],
    ['half a record', (tcp) => answered(tcp).send('<', sealed12(900).subarray(0, 400)).close('<'), 'truncated'],
  ])('%s', async (_, tell, ended) => {
    expect(await told(tell)).toEqual([`200 > 900, ${ended}`])
  })
})

describe('TLS 1.3', () => {
  test('tickets are no answer, wherever they come', async () => {
    expect(await told((tcp) => silent(tcp).wait(2).close('>'))).toEqual(['200 > 0, no answer'])
    expect(await told((tcp) => silent(tcp).wait(0.1).send('<', sealed13(900)))).toEqual(['200 > 900, complete'])
  })

  test('unless the client, having thought, goes on', async () => {
    expect(await told((tcp) => noTickets(tcp).send('>', sealed13(200)).send('<', sealed13(90)))).toEqual([
      '200 > 120, complete',
      '200 > 90, complete',
    ])
  })

  test('an alert is no answer', async () => {
    expect(
      await told((tcp) => open13(tcp).send('>', sealed13(200)).wait(1).send('<', hiddenAlert13()).close('<')),
    ).toEqual(['200 > 0, no answer'])
  })
})

describe('HTTP/2', () => {
  test('the opening frames are nobody’s request or answer', async () => {
    expect(await told((tcp) => openH2(tcp))).toEqual([])
    expect(await told((tcp) => openH2(tcp).send('>', sealed13(80)).wait(0.1).send('<', sealed13(400)))).toEqual([
      '80 > 400, complete',
    ])
  })

  test('PING and WINDOW_UPDATE are no answer', async () => {
    expect(await told((tcp) => pinged(tcp).wait(1).close('>'))).toEqual(['80 > 0, no answer'])
  })

  test('a client that was sent nothing has no window to give back: it cancels', async () => {
    expect(await told((tcp) => openH2(tcp).send('>', sealed13(80)).wait(2).send('>', sealed13(13)))).toEqual([
      '80 > 0, no answer, cancelled',
    ])
    expect(await told((tcp) => served(tcp).send('>', sealed13(13)))).toEqual(['80 > 9000, complete'])
  })

  test('a second stream ends what is known of the first', async () => {
    expect(await told((tcp) => both(tcp).wait(0.1).send('<', sealed13(400)))).toEqual([
      '80 > 0, no answer',
      '60 > 400, complete',
    ])
  })

  test('offered and not spoken', async () => {
    expect(await told(spoken)).toEqual(['63 > 900, complete'])
  })
})
