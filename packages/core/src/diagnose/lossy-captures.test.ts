import { documentOf, fastcgiRequest, fastcgiResponse, gateway, judged, response, type Tcp } from '@pcap-surgery/testkit'
import { describe, expect, test } from 'vitest'

// Captures that lack packets must not prove what only their absence suggests.
const lost = { unseen: ['proxy-back'] }
const fine = response(200, 'x'.repeat(900))

describe('a capture that lost packets is never certain of', () => {
  test.each<[string, (upstream: Tcp, asked: string) => Tcp]>([
    ['a close without response', (u, asked) => u.handshake().send('>', asked).send('<', fine, lost).fin('<').fin('>')],
    [
      'a reset before the response',
      (u, asked) => u.handshake().send('>', asked).send('<', fine.slice(0, 500), lost).rst('<'),
    ],
    ['a refusal', (u, asked) => u.syn().synAck(lost).ack('>', lost).send('>', asked, lost).rst('<')],
    [
      'a refusal without its SYN',
      (u, asked) => u.syn(lost).synAck(lost).ack('>', lost).send('>', asked, lost).rst('<'),
    ],
    ['a lost SYN', (u, asked) => u.syn().synAck(lost).ack('>', lost).send('>', asked, lost).fin('<').fin('>')],
    ['silence', (u, asked) => u.handshake().send('>', asked).send('<', fine, lost).wait(59).fin('>')],
    [
      'slowness',
      (u, asked) => {
        u.handshake().send('>', asked).send('<', fine.slice(0, 300), lost)
        return u.wait(60).fin('>').wait(1).send('<', fine.slice(300))
      },
    ],
    ['nothing at all', (u, asked) => u.handshake(lost).send('>', asked, lost).wait(60).fin('>', lost)],
  ])('%s', async (_what, attempt) => {
    expect((await judged({ attempts: [attempt], answer: 502 })).sides).not.toContain('certain')
  })
})

/** Neither the proxy's capture nor the upstream's has it. */
const nowhere = { unseen: ['proxy-back', 'upstream'] }

describe('captures that all lack the same are not certain of', () => {
  test.each<[string, (upstream: Tcp, asked: string) => Tcp]>([
    [
      'silence, where nothing shows that the proxy gave up',
      (u, asked) => u.handshake().send('>', asked).wait(0.3).rst('<', nowhere).wait(2).ack('<').wait(-2),
    ],
    [
      'a reset before the response, without what the proxy sent',
      (u, asked) => u.syn(nowhere).synAck().ack('>', nowhere).send('>', asked, nowhere).wait(0.1).rst('<'),
    ],
  ])('%s', async (_what, attempt) => {
    expect((await judged({ attempts: [attempt], answer: 502 })).all).not.toContain('certain')
  })
})

/** The proxy's capture misses one direction of the upstream leg; acknowledgements are in the other. */
const oneWay =
  (missing: '>' | '<', end: 'fin' | 'silence') =>
  (u: Tcp, asked: string): Tcp => {
    const [out, back] = missing === '>' ? [lost, {}] : [{}, lost]
    u.syn(out).synAck(back).ack('>', out)
    u.segment('>', { flags: 'PA', payload: asked, ...out }).wait(0.001)
    u.segment('<', { flags: 'A', ackOffset: asked.length, ...back })
    if (end === 'fin') return u.segment('<', { flags: 'FA', ackOffset: asked.length, ...back })
    return u.wait(30).segment('>', { flags: 'FA', seqOffset: asked.length, ...out })
  }

describe('one direction only', () => {
  test.each<['>' | '<', 'fin' | 'silence']>([
    ['>', 'fin'],
    ['>', 'silence'],
    ['<', 'fin'],
    ['<', 'silence'],
  ])('without %s, %s', async (missing, end) => {
    expect((await judged({ attempts: [oneWay(missing, end)], answer: 502 })).sides).not.toContain('certain')
  })

  test.each(['>', '<'] as const)('without %s, and all is well', async (missing) => {
    const attempts = [
      (u: Tcp, asked: string) => {
        const served = u.handshake({ unseen: missing === '>' ? ['proxy-back'] : false })
        return served.send('>', asked, missing === '>' ? lost : {}).send('<', fine, missing === '<' ? lost : {})
      },
    ]
    expect((await judged({ attempts, answer: fine })).sides).toBe('none')
  })
})

/** The capture with a record moved, counted from its end: what a merge in the order of files makes. */
function moved(capture: Uint8Array, from: number, to: number): Uint8Array {
  const view = new DataView(capture.buffer, capture.byteOffset)
  const records: Uint8Array[] = [capture.subarray(0, 24)] // file header
  for (let at = 24; at < capture.length;) {
    const end = at + 16 + view.getUint32(at + 8, true)
    records.push(capture.subarray(at, end))
    at = end
  }
  records.splice(to, 0, ...records.splice(from, 1))
  return Uint8Array.from(records.flatMap((record) => [...record]))
}

describe('packets that stand in the file behind what came after them prove no cut', () => {
  const { back } = gateway({
    attempts: [
      (u, asked) => {
        u.handshake().send('>', asked).send('<', fine.slice(0, 500), { ack: 'none' })
        return u.send('<', fine.slice(500), { ack: 'none' }).wait(0.05).ack('>').fin('<', { ack: 'none' }).rst('>')
      },
    ],
    answer: fine,
  })
  test('as they were, all is well', async () => {
    expect((await documentOf(back)).incidents).toEqual([])
  })
  test('the RST before the second half', async () => {
    const { incidents } = await documentOf(moved(back, -1, -3))
    expect(incidents.map(({ cause, confidence }) => `${cause} ${confidence}`)).toEqual(['response-truncated likely'])
  })
})

const cut = (status: number) =>
  gateway({
    attempts: [
      (u: Tcp) =>
        u
          .handshake()
          .send('>', fastcgiRequest('GET /api/report'))
          .send('<', fastcgiResponse(`Status: ${status} Whatever\r\n\r\nsorry`))
          .fin('<')
          .fin('>'),
    ],
    answer: status,
  })

const causes = async (status: number): Promise<string[]> => {
  const { front, net } = cut(status)
  const { incidents } = await documentOf(front, net.capture('proxy-back', { snapLength: 76 }))
  return incidents.map(({ cause, confidence }) => `${cause} ${confidence}`)
}

describe('a snap length that leaves nothing of the answer but that it came', () => {
  test('a 500 is the application’s', async () => {
    expect(await causes(500)).toEqual([])
  })

  test('a 502 has a reason that cannot be told', async () => {
    expect(await causes(502)).toEqual(['response-truncated possible'])
  })
})

test('a capture of what the proxy sends alone does not prove silence, whoever else took one', async () => {
  const attempts = [
    (u: Tcp, asked: string) => {
      const unseen = { unseen: ['proxy-back', 'upstream'] }
      u.syn().synAck(unseen).ack('>').segment('>', { flags: 'PA', payload: asked }).wait(30)
      return u.segment('>', { flags: 'FA', seqOffset: asked.length }).wait(40).rst('>')
    },
  ]
  expect((await judged({ attempts, answer: 504 })).all).not.toContain('certain')
})

test('answers whose status the snap length cut off are no failures', async () => {
  const told = gateway({
    attempts: [(u, asked) => u.handshake().send('>', asked).send('<', fine).fin('<').fin('>')],
    answer: (client) => client.send('<', fine).fin('<').fin('>'),
  })
  const captures = (['proxy-front', 'proxy-back'] as const).map((at) => told.net.capture(at, { snapLength: 72 }))
  const { incidents } = await documentOf(...captures)
  expect(incidents).toEqual([])
})

test('a reset behind an answer that the snap length cut may stand behind all of it', async () => {
  const told = gateway({
    attempts: [(u, asked) => u.handshake().send('>', asked).send('<', fine).rst('<')],
    answer: fine,
  })
  const { incidents } = await documentOf(told.net.capture('proxy-back', { snapLength: 90 }))
  expect(incidents).toEqual([])
})

test('an application’s own 503 is that, also where the snap length cut it and its connection stayed open', async () => {
  const busy = response(503, 'busy, ask again')
  const told = gateway({
    attempts: [(u, asked) => u.handshake().send('>', asked).send('<', busy)],
    answer: (client) => client.send('<', busy).wait(4).fin('<').fin('>'),
  })
  told.attempts[0]!.fin('>').fin('<')
  const captures = (['proxy-front', 'proxy-back'] as const).map((at) => told.net.capture(at, { snapLength: 90 }))
  expect((await documentOf(...captures)).incidents).toEqual([])
})

test('of a request that the snap length cut, silence is silence all the same', async () => {
  const told = gateway({
    attempts: [(u, asked) => u.handshake().send('>', asked).wait(0.2).fin('<').fin('>')],
    answer: (client) => client.fin('<').fin('>'),
  })
  const { incidents } = await documentOf(told.net.capture(['proxy-front', 'proxy-back'], { snapLength: 90 }))
  expect(incidents).toMatchObject([{ status: null, path: '/report', cause: 'closed-without-response' }])
})
