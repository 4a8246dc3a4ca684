import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readDns } from '../../app/dns/message.ts'
import { parseAddress } from '../../bytes/address.ts'
import { scrubDatagram, scrubDnsTcp } from './dns.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'

const pseudonyms = new KeyedPseudonyms(Uint8Array.from({ length: 32 }, (_, i) => i))

/** The bytes of a few fields. */
const b = (...bytes: number[]): number[] => bytes
const text = (characters: string): number[] => Array.from(characters, (c) => c.charCodeAt(0))
const name = (labels: string): number[] => [...labels.split('.').flatMap((l) => [l.length, ...text(l)]), 0]
/** type, class IN, ttl 30 s, length, data */
const record = (type: number, ...data: number[]): number[] => [0, type, 0, 1, 0, 0, 0, 30, 0, data.length, ...data]
const header = (...counts: number[]): number[] => [0x12, 0x34, 0x81, 0x80, ...counts.flatMap((count) => [0, count])]

function scrubbed(message: number[]): Uint8Array {
  const out = Uint8Array.from(message)
  scrubDatagram('dns', out, 0, out.length, pseudonyms)
  return out
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const QUESTION = [...name('app.shop.example'), 0, 1, 0, 1] // at 12

test('names, addresses and compression', () => {
  const message = [
    ...header(1, 3, 0, 1),
    ...QUESTION,
    ...b(0xc0, 12, ...record(5, 2, ...text('db'), 0xc0, 16)), // CNAME db.shop.example, at 46
    ...b(0xc0, 46, ...record(1, 10, 2, 0, 1)), // A
    ...b(0xc0, 46, ...record(16, 5, ...text('alice'), 3, ...text('bob'))), // TXT
    ...b(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0, 8, 0, 8, 0, 1, 24, 0, 192, 0, 2, 7), // OPT with the client's subnet
  ]
  const out = scrubbed(message)
  const read = readDns(out, 0, out.length)
  if (read.is !== 'complete') throw new Error(read.is)
  const asked = read.message.questions[0]!.name
  expect(asked).toMatch(/^\w{3}\.\w{4}\.\w{7}$/)
  expect(asked).toBe(['app', 'shop', 'example'].map((label) => pseudonyms.name(label)).join('.'))
  const alias = `${pseudonyms.name('db')}${asked.slice(3)}`
  expect(read.message.answers.map((answer) => [answer.name, answer.type, answer.data])).toEqual([
    [asked, 'CNAME', alias],
    [alias, 'A', pseudonyms.addressText('10.2.0.1')],
    [alias, 'TXT', ''],
  ])
  expect(latin1(out)).not.toMatch(/app|shop|example|alice|bob/)
  expect(latin1(out)).not.toContain('\xc0\0\x02\x07')
  expect(latin1(out)).toContain('\x05xxxxx\x03xxx')
})

test('a case of letters stays a case of letters', () => {
  const out = scrubbed([...header(1, 0, 0, 0), ...name('aPp.Shop'), 0, 1, 0, 1])
  const read = readDns(out, 0, out.length)
  const asked = read.message!.questions[0]!.name
  expect(asked).toMatch(/^[a-z][A-Z][a-z]\.[A-Z][a-z]{3}$/)
  expect(asked.toLowerCase()).toBe(`${pseudonyms.name('app')}.${pseudonyms.name('shop')}`)
})

test('a reverse name is the address that it is everywhere', () => {
  const out = scrubbed([...header(1, 0, 0, 0), ...name('2.0.1.10.in-addr.arpa'), 0, 12, 0, 1])
  const [asked] = readDns(out, 0, out.length).message!.questions
  const address = pseudonyms.addressText('10.1.0.2')!
  expect(asked!.name).toBe(`${address.split('.').toReversed().join('.')}.in-addr.arpa`)
  const nibbles = Array.from({ length: 32 }, (_, i) => '20010db8000000000000000000000002'[31 - i]).join('.')
  const b6 = scrubbed([...header(1, 0, 0, 0), ...name(`${nibbles}.ip6.arpa`), 0, 12, 0, 1])
  const digits = readDns(b6, 0, b6.length).message!.questions[0]!.name.split('.').slice(0, 32).toReversed().join('')
  expect(digits).toBe(
    Array.from(pseudonyms.address(parseAddress('2001:db8::2')!), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  )
})

test('over TCP each message stands behind its length', () => {
  const message = [...header(1, 0, 0, 0), ...QUESTION]
  const stream = Uint8Array.from([0, message.length, ...message, 0, message.length, ...message.slice(0, 20)])
  scrubDnsTcp(pseudonyms, stream)
  expect(Array.from(stream.subarray(2, 2 + message.length))).toEqual(Array.from(scrubbed(message)))
  expect(latin1(stream)).not.toContain('sho')
})

test('of what is no message no word stays', () => {
  const out = latin1(scrubbed(text('EHLO alice.example and more')))
  expect(out).toBe(`EHLO${'x'.repeat(out.length - 4)}`)
})

test('cut, looped or changed anywhere: nothing throws, and nothing of the names stays', () => {
  const message = [
    ...header(1, 1, 0, 1),
    ...QUESTION,
    0xc0,
    12,
    ...record(33, 0, 1, 0, 2, 0, 80, ...name('secret.example')),
  ]
  fc.assert(
    fc.property(fc.nat(message.length), fc.nat(message.length - 1), fc.nat(255), (end, at, byte) => {
      const changed = message.map((old, i) => (i === at ? byte : old)).slice(0, end)
      expect(scrubbed(changed).length).toBe(changed.length)
    }),
  )
  for (let end = 0; end < message.length; end++) {
    expect(latin1(scrubbed(message.slice(0, end)))).not.toMatch(/shop|exam|secr/)
  }
})
