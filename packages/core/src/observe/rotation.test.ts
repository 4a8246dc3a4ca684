import { network, request, response, type Network } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import type { Observations } from './observations.ts'
import { observe } from './observe.ts'
import { rotatedSets } from './rotation.ts'

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const seen = (file: string, bytes: Uint8Array): Promise<Observations> =>
  observe([{ file, open: () => whole(bytes) }], { decompression: { gzip: (source) => source } })

/** A connection with a request a second, for four seconds. */
function talk(): Network {
  const net = network()
  const tcp = net.tcp(net.host('back', '10.2.0.1'), net.host('app', '10.3.0.1'), 8080).handshake()
  for (let i = 0; i < 4; i++)
    tcp
      .send('>', request(`GET /${i}`))
      .send('<', response(200, 'ok'))
      .wait(1)
  return net
}

/** The second (from, until) of the conversation as a file of a capture. */
const part = (net: Network, vantage: string, number: number): Promise<Observations> =>
  seen(`${vantage}.pcap${number}`, net.capture(vantage, { fromSeconds: number, untilSeconds: number + 1 }))

test('parts are put in order of time, whatever their names, also where one is missing', async () => {
  const net = talk()
  const parts = [await part(net, 'back', 3), await part(net, 'back', 0), await part(net, 'back', 1)]
  expect(rotatedSets(parts)).toEqual([[1, 2, 0]])
})

test('two captures of one connection that were rotated at once stay two', async () => {
  const net = talk()
  const parts: Observations[] = []
  for (const number of [0, 1, 2, 3]) parts.push(await part(net, 'back', number), await part(net, 'app', number))
  expect(rotatedSets(parts)).toEqual([
    [0, 2, 4, 6],
    [1, 3, 5, 7],
  ])
})

test('captures at the same time are no parts of each other', async () => {
  const net = talk()
  expect(rotatedSets([await seen('a.pcap', net.capture('back')), await seen('a.pcap1', net.capture('app'))])).toEqual(
    [],
  )
})
