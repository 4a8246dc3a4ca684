import { clientHello, type HelloOptions } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'
import { readClientHello } from './hello.ts'
import { ja4 } from './ja4.ts'

const place = { offset: 0, frame: 1, time: 1 }

function fingerprint(options: HelloOptions): string {
  const message = clientHello(options)
  return ja4(readClientHello(message, 4, message.length, true, place, place).hello)
}

const codes = (list: string): number[] => list.split(',').map((code) => parseInt(code, 16))
const empty = (list: string): [number, number[]][] => codes(list).map((type) => [type, []])

/** The example of FoxIO's description, a Chrome, with the GREASE that it sends. */
const CHROME: HelloOptions = {
  serverName: 'app.example',
  alpn: ['h2', 'http/1.1'],
  versions: [0x2a2a, 0x0304, 0x0303],
  ciphers: codes('1a1a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035'),
  groups: [0x3a3a, 29, 23],
  signatureAlgorithms: codes('0403,0804,0401,0503,0805,0501,0806,0601'),
  keyShares: [29],
  more: empty('4a4a,001b,4469,0017,0005,0023,0012,ff01,000b,0015'),
}

test('the example of the description', () => {
  expect(fingerprint(CHROME)).toBe('t13d1516h2_8daaf6152771_e5627efa2ab1')
})

test('the order of extensions does not matter', () => {
  expect(fingerprint({ ...CHROME, more: CHROME.more!.toReversed() })).toBe(fingerprint(CHROME))
})

test('without signature algorithms', () => {
  const { signatureAlgorithms: _, ...rest } = CHROME
  // The description's list has 000d all the same: an extension without content.
  expect(fingerprint({ ...rest, more: [...CHROME.more!, [13, []]] })).toBe('t13d1516h2_8daaf6152771_6d807ffa2a79')
})

test('a hello with nothing in it', () => {
  expect(fingerprint({ ciphers: [], version: 0x0301 })).toBe('t10i000000_000000000000_000000000000')
})

test.each([
  ['\xab', 'ab'],
  ['\xab\xcd', 'ad'],
  ['0\xab', '3b'],
  ['01\xab\xcd', '3d'],
  ['0\xab\xcd1', '01'],
  ['http/1.1', 'h1'],
  ['x', 'xx'],
])('ALPN %j', (name, ends) => {
  expect(fingerprint({ alpn: [name] }).slice(8, 10)).toBe(ends)
})
