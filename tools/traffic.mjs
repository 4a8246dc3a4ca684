// Small captures for the benchmark, made on the spot and multiplied by multiply.mjs: a proxy, and both of its legs.
//
// The TLS is real: both ends are node:tls, and what they say to each other is put onto a wire of the testkit. Its twin
// is the same messages at the same times without TLS.
import { duplexPair } from 'node:stream'
import { connect, TLSSocket } from 'node:tls'
import { CERTIFICATES, network, request, response } from '@pcap-surgery/testkit'

const FRONT = 0
const BACK = 1

/** Bytes of response bodies, and of request bodies of every third: from an answer in one packet to a picture. */
const RESPONSES = [400, 3_000, 12_000, 50_000, 250_000]
const REQUESTS = [200, 2_000, 20_000]
const CLIENTS = 16
const REQUESTS_EACH = 5
/** Seconds from one client to the next. */
const STAGGER = 0.05

/** Stories that begin in a second, each of a connection on either leg; multiplied by the sites it is 20 000. */
const SHORT_A_SECOND = 2_500
const SHORT_SECONDS = 2
/** Seconds that a proxy takes to pass a message on. */
const PASSED_ON = 0.0001

/**
 * Clients with a few requests each on a connection that stays, and an upstream connection for each of them; half of the
 * clients and the upstreams of every other pair speak TLS 1.2, the others TLS 1.3. The last request of each fails: its
 * upstream resets. `tls` and `plain` are pcap files, `keys` the key log; `truth` as in bench.mjs.
 */
export async function tlsTraffic() {
  const keys = []
  const sealed = network()
  const plain = network()
  const truth = []
  for (let n = 0; n < CLIENTS; n++) {
    const messages = conversation(n)
    const versions = n % 2 === 0 ? ['TLSv1.3', 'TLSv1.3'] : ['TLSv1.2', n % 4 === 1 ? 'TLSv1.2' : 'TLSv1.3']
    const sessions = [await session(versions[FRONT], keys), await session(versions[BACK], keys)]
    const client = await play(sealed, n, messages, [443, 8443], sessions)
    await play(plain, n, messages, [443, 8443], [CLEAR, CLEAR])
    truth.push({ path: messages.at(-1).path, client, causes: ['reset-before-response'] })
  }
  return { tls: sealed.capture('proxy'), plain: plain.capture('proxy'), keys: keys.join(''), truth }
}

/**
 * Connections of one small exchange, on both legs: a pcap file, and what fails in it: the upstream refuses every so many
 * of them.
 */
export function shortTraffic(refused = 500) {
  const net = network()
  const proxy = net.host('proxy', '10.0.0.1')
  const clients = Array.from({ length: 50 }, (_, n) => net.host('client', `10.0.0.${10 + n}`))
  const upstreams = Array.from({ length: 4 }, (_, n) => net.host('upstream', `10.0.0.${100 + n}`))
  const truth = []
  for (let n = 0; n < SHORT_A_SECOND * SHORT_SECONDS; n++) {
    net.at(n / SHORT_A_SECOND, () => {
      const path = `/items/${n}`
      const front = net
        .tcp(clients[n % clients.length], proxy, 80)
        .handshake()
        .send('>', request(`GET ${path}`))
      const back = net.tcp(proxy, upstreams[n % upstreams.length], 8080)
      if (n % refused === refused - 1) {
        back.syn().rst('<')
        front.send('<', response(502, 'Bad Gateway'))
        truth.push({ path, client: front.left, causes: ['connect-refused'] })
      } else {
        const answer = response(200, 'fine'.repeat(1 + (n % 40)))
        back
          .handshake()
          .send('>', request(`GET ${path}`))
          .wait(0.002)
          .send('<', answer)
          .close('<')
        front.send('<', answer)
      }
      front.close('<')
    })
  }
  return { plain: net.capture('proxy'), truth, exchanges: 2 * SHORT_A_SECOND * SHORT_SECONDS - truth.length }
}

/** Requests a second on each of the connections that stay. */
const BUSY_A_SECOND = 500

/**
 * One exchange after the other on few connections that stay, on both legs: `each` on a connection. Nothing fails but the
 * last of all, which the upstream resets.
 */
export function busyTraffic(each, connections = 4) {
  const net = network()
  const proxy = net.host('proxy', '10.0.0.1')
  const upstreams = Array.from({ length: connections }, (_, n) => net.host('upstream', `10.0.0.${100 + n}`))
  const truth = []
  for (let n = 0; n < connections; n++) {
    net.at(n / 10, () => {
      const front = net.tcp(net.host('client', `10.0.0.${10 + n}`), proxy, 80).handshake()
      const back = net.tcp(proxy, upstreams[n], 8080).handshake()
      for (let i = 0; i < each; i++) {
        const path = `/items/${n}/${i}`
        const fails = n === connections - 1 && i === each - 1
        const answer = fails ? response(502, 'Bad Gateway') : response(200, 'fine'.repeat(1 + (i % 40)))
        front.wait(1 / BUSY_A_SECOND).send('>', request(`GET ${path}`))
        back.wait(PASSED_ON).send('>', request(`GET ${path}`))
        if (fails) back.rst('<')
        else back.send('<', answer)
        front.wait(PASSED_ON).send('<', answer)
        if (fails) truth.push({ path, client: front.left, causes: ['reset-before-response'] })
      }
      front.close('>')
    })
  }
  return { plain: net.capture('proxy'), truth, exchanges: 2 * connections * each - 1 }
}

/** Seconds that the proxy waits for an upstream, and how many of its requests begin in one. */
const TIMEOUT = 2
const FAILURES_A_SECOND = 50

/** What an upstream does to a request, the status that the client gets for it, and the causes that are right. */
const FAILURES = [
  { fail: (back) => back.syn().rst('<'), status: 502, causes: ['connect-refused'] },
  // Others are let in meanwhile, as where a queue is full now and then.
  { fail: (back) => back.syn().wait(TIMEOUT), status: 504, causes: ['connect-timeout', 'accept-queue-full'] },
  { fail: (back, ask) => back.handshake().send('>', ask).rst('<'), status: 502, causes: ['reset-before-response'] },
  { fail: (back, ask) => back.handshake().send('>', ask).close('<'), status: 502, causes: ['closed-without-response'] },
  {
    fail: (back, ask) => back.handshake().send('>', ask).wait(TIMEOUT).close('>'),
    status: 504,
    causes: ['upstream-slow', 'upstream-silent', 'timeout-policy', 'undetermined'],
  },
]

/** As many requests that fail, in all these ways, as others that go well: on both legs, or on that behind the proxy alone. */
export function failingTraffic(failures) {
  const net = network()
  const proxy = net.host('proxy', '10.0.0.1')
  const clients = Array.from({ length: 20 }, (_, n) => net.host('client', `10.0.0.${10 + n}`))
  const upstreams = Array.from({ length: 4 }, (_, n) => net.host('upstream', `10.0.0.${100 + n}`))
  const truth = []
  for (let n = 0; n < 2 * failures; n++) {
    net.at(n / FAILURES_A_SECOND, () => {
      const path = `/items/${n}`
      const ask = request(`GET ${path}`)
      const front = net
        .tcp(clients[n % clients.length], proxy, 80)
        .handshake()
        .send('>', ask)
      const back = net.tcp(proxy, upstreams[(n >> 1) % upstreams.length], 8080).wait(PASSED_ON)
      if (n % 2 === 0) {
        back.handshake().send('>', ask).wait(0.002).send('<', response(200, 'fine')).close('<')
        front.send('<', response(200, 'fine')).close('<')
        return
      }
      const { fail, status, causes } = FAILURES[(n >> 1) % FAILURES.length]
      fail(back, ask)
      front.send('<', response(status, status === 502 ? 'Bad Gateway' : 'Gateway Timeout')).close('<')
      truth.push({ path, client: front.left, causes })
    })
  }
  return { plain: net.capture('proxy'), truth, exchanges: 4 * failures }
}

/** What a client, the proxy and the upstream say: on which leg, which way, after how many seconds. */
function conversation(n) {
  const messages = []
  for (let i = 0; i < REQUESTS_EACH; i++) {
    const path = `/client/${n}/${i}`
    const fails = i === REQUESTS_EACH - 1
    const body = i % 3 === 1 ? filling(REQUESTS[n % REQUESTS.length]) : ''
    const ask = request(body === '' ? `GET ${path}` : `POST ${path}`, {}, body)
    const answer = response(200, filling(RESPONSES[(n + i) % RESPONSES.length]), { 'Content-Type': 'image/png' })
    messages.push(
      { leg: FRONT, direction: '>', text: ask, wait: 0.02 },
      { leg: BACK, direction: '>', text: ask, path, wait: PASSED_ON },
    )
    if (fails) messages.push({ leg: FRONT, direction: '<', text: response(502, 'Bad Gateway'), resets: true, path })
    else {
      messages.push({ leg: BACK, direction: '<', text: answer, wait: 0.01 })
      messages.push({ leg: FRONT, direction: '<', text: answer })
    }
  }
  return messages
}

/** Puts a conversation onto the wire. Answers the client's address and port. */
async function play(net, n, messages, ports, sessions) {
  const steps = []
  for (const message of messages) {
    steps.push({ ...message, flights: await sessions[message.leg].say(message.direction, message.text) })
  }
  const farewell = await sessions[FRONT].end()
  let client = ''
  net.at(n * STAGGER, () => {
    const proxy = net.host('proxy', '10.0.0.1')
    const legs = [
      net.tcp(net.host('client', `10.0.0.${10 + n}`), proxy, ports[FRONT]),
      net.tcp(proxy, net.host('upstream', `10.0.0.${100 + (n % 4)}`), ports[BACK]),
    ]
    for (const leg of [FRONT, BACK]) fly(legs[leg].handshake(), sessions[leg].opening)
    for (const { leg, flights, wait = 0, resets = false } of steps) {
      if (resets) legs[BACK].wait(0.005).rst('<')
      fly(legs[leg].wait(wait), flights)
    }
    fly(legs[FRONT], farewell)
    legs[FRONT].close('>')
    client = legs[FRONT].left
  })
  return client
}

function fly(tcp, flights) {
  for (const { direction, bytes } of flights) tcp.send(direction, bytes)
}

/** A leg without TLS. */
const CLEAR = {
  opening: [],
  say: async (direction, text) => [{ direction, bytes: Buffer.from(text) }],
  end: async () => [],
}

/**
 * A TLS session of which every byte is recorded. `say` answers the flights that it took to bring the text across, with
 * whatever else the two had to say meanwhile (session tickets).
 */
async function session(version, keys) {
  let flights = []
  const [clientEnd, fromClient] = duplexPair()
  const [serverEnd, fromServer] = duplexPair()
  const relay = (from, to, direction) =>
    from.on('data', (bytes) => {
      const last = flights.at(-1)
      if (last?.direction === direction) last.bytes = Buffer.concat([last.bytes, bytes])
      else flights.push({ direction, bytes })
      to.write(bytes)
    })
  relay(fromClient, fromServer, '>')
  relay(fromServer, fromClient, '<')

  const key = pem('PRIVATE KEY', CERTIFICATES.leafKey)
  const cert = pem('CERTIFICATE', CERTIFICATES.leaf)
  const server = new TLSSocket(serverEnd, { isServer: true, key, cert })
  const client = connect({
    socket: clientEnd,
    servername: 'app.internal',
    // The certificate begins on a day of 2026, whatever the clock here says.
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  })
  client.on('keylog', (line) => keys.push(line.toString('latin1')))
  const taken = () => flights.splice(0)
  await Promise.all([once(client, 'secureConnect'), once(server, 'secure')])
  // TLS 1.3: its tickets follow.
  await new Promise((resolve) => setTimeout(resolve, 5))
  const opening = taken()

  return {
    opening,
    async say(direction, text) {
      const [sender, receiver] = direction === '>' ? [client, server] : [server, client]
      let left = Buffer.byteLength(text)
      const arrived = new Promise((resolve) => {
        const count = (bytes) => {
          left -= bytes.length
          if (left > 0) return
          receiver.off('data', count)
          resolve()
        }
        receiver.on('data', count)
      })
      sender.write(text)
      await arrived
      return taken()
    },
    async end() {
      client.end()
      await once(server, 'end')
      return taken()
    },
  }
}

const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve))

function pem(label, der) {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
}

/** Text of a length that does not compress to nothing, and is the same in every run. */
function filling(length) {
  let seed = length
  let text = ''
  while (text.length < length) text += (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0).toString(36)
  return text.slice(0, length)
}
