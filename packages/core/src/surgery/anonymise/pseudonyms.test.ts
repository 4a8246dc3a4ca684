import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../../bytes/address.ts'
import { codeLength } from '../../app/http2/huffman.ts'
import { KeyedPseudonyms } from './pseudonyms.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const made = (): KeyedPseudonyms => new KeyedPseudonyms(KEY)
const bitsOf = (text: string): number => Array.from(text).reduce((sum, c) => sum + codeLength(c.charCodeAt(0)), 0)

const shared = (a: Uint8Array, b: Uint8Array): number => {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length : at
}

const kind = (address: string): string =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.)/.test(address)
    ? 'special'
    : 'public'

const shapeOf = (text: string): string =>
  text
    .replaceAll(/[a-z]/g, 'a')
    .replaceAll(/[A-Z]/g, 'A')
    .replaceAll(/\d/g, '0')
    .replaceAll(/[\x80-\xff]/g, '\x80')

describe('addresses', () => {
  const address4 = fc.uint8Array({ minLength: 4, maxLength: 4 })
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  const address6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
    return Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]))
  })

  test('one network stays one, different addresses stay different, texts keep their length', () => {
    for (const address of [address4, address6]) {
      fc.assert(
        fc.property(address, address, fc.nat(15), (a, other, upTo) => {
          const b = Uint8Array.from(other, (byte, i) => (i < upTo ? a[i]! : byte))
          const pseudonyms = made()
          const [ofA, ofB] = [pseudonyms.address(a), pseudonyms.address(b)]
          // An IPv4 address in an IPv6 one is mapped as the former.
          fc.pre(shared(a, b) < 12 || a.length === 4)
          expect(shared(ofA, ofB)).toBe(shared(a, b))
          const version = a.length === 4 ? 4 : 6
          expect(formatAddress(ofA, 0, version)).toHaveLength(formatAddress(a, 0, version).length)
        }),
      )
    }
  })

  test.each(['10.1.0.2', '192.168.1.10', '172.16.0.5', '172.31.255.1', '100.64.0.1', '169.254.0.7', '8.8.8.8'])(
    '%s is another of its kind',
    (text) => {
      const pseudonym = made().addressText(text)!
      expect(pseudonym).not.toBe(text)
      expect(pseudonym).toHaveLength(text.length)
      expect(kind(pseudonym)).toBe(kind(text))
    },
  )

  test.each([
    '0.0.0.0',
    '127.0.0.1',
    '127.0.0.53',
    '224.0.0.251',
    '255.255.255.255',
    '::',
    '::1',
    'ff02::1',
    'ff02::fb',
  ])('%s stays', (text) => expect(made().addressText(text)).toBe(text))

  test('an IPv4 address in an IPv6 one is the same address', () => {
    const pseudonyms = made()
    expect(pseudonyms.addressText('::ffff:10.1.0.2')).toBe(`::ffff:${pseudonyms.addressText('10.1.0.2')}`)
  })

  test.each([
    ['2001:db8::2', /^2[0-9a-f]{3}:[1-9a-f][0-9a-f]{2}::[1-9a-f]$/],
    ['2001:DB8::A', /^2[0-9A-F]{3}:[1-9A-F][0-9A-F]{2}::[1-9A-F]$/],
    ['2001:0db8:0:0:0:0:0:0a02', /^2[0-9a-f]{3}:0[1-9a-f][0-9a-f]{2}:0:0:0:0:0:0[1-9a-f][0-9a-f]{2}$/],
    ['fe80::1:2', /^fe80::[1-9a-f]:[1-9a-f]$/],
    ['fd12::1', /^fd[0-9a-f]{2}::[1-9a-f]$/],
    ['::FFFF:10.1.0.2', /^::FFFF:10\.\d\.\d\.\d$/],
    ['ff02::1:ff12:3456', /^ff02::1:ff[0-9a-f]{2}:[0-9a-f]{4}$/],
  ])('%s keeps its form', (text, form) => {
    const pseudonyms = made()
    const pseudonym = pseudonyms.addressText(text)!
    expect(pseudonym).toMatch(form)
    expect(parseAddress(pseudonym)).toEqual(pseudonyms.address(parseAddress(text)!))
  })

  test('what is no address is none', () => {
    for (const text of ['', 'app', '10.1.0', '10.1.0.256', '1:2']) expect(made().addressText(text)).toBeNull()
  })

  test('a pseudonym that is another original is told', () => {
    const pseudonyms = made()
    const other = pseudonyms.addressText('10.1.0.2')!
    expect(pseudonyms.isMistakable).toBe(false)
    pseudonyms.addressText(other)
    expect(pseudonyms.isMistakable).toBe(true)
  })
})

describe('MACs', () => {
  test.each([
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    [[0, 0, 0, 0, 0, 0]],
    [[0x01, 0x00, 0x5e, 0, 0, 0xfb]],
    [[0x33, 0x33, 0, 0, 0, 1]],
  ])('%j stays', (bytes) => expect([...made().mac(Uint8Array.from(bytes))]).toEqual(bytes))

  test('a host has another, of no maker, and its solicited-node group that of its address', () => {
    const pseudonyms = made()
    const mac = pseudonyms.mac(Uint8Array.of(0x00, 0x1b, 0x21, 1, 2, 3))
    expect(mac[0]! & 3).toBe(2)
    const address = pseudonyms.address(parseAddress('ff02::1:ff12:3456')!)
    expect(pseudonyms.mac(Uint8Array.of(0x33, 0x33, 0xff, 0x12, 0x34, 0x56))).toEqual(
      Uint8Array.of(0x33, 0x33, ...address.subarray(12)),
    )
  })
})

test('a group that a cluster made of its address goes, those that everybody has stay', () => {
  const pseudonyms = new KeyedPseudonyms(Uint8Array.of(1))
  for (const own of [
    [0x03, 0xbf, 10, 1, 0, 2],
    [0x01, 0x00, 0x5e, 0x7f, 0, 2],
  ]) {
    const mac = pseudonyms.mac(Uint8Array.from(own))
    expect(mac).not.toEqual(Uint8Array.from(own))
    expect(mac[0]! & 1).toBe(1)
  }
  for (const common of [
    [0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa],
    [0x01, 0x80, 0xc2, 0, 0, 14],
  ]) {
    expect([...pseudonyms.mac(Uint8Array.from(common))]).toEqual(common)
  }
})

describe('words', () => {
  test('each keeps its shape and its length in HPACK', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
      maxLength: 300,
    })
    fc.assert(
      fc.property(text, (word) => {
        const pseudonyms = made()
        for (const pseudonym of [pseudonyms.word(word), pseudonyms.hex(word)]) {
          expect(pseudonym).toHaveLength(word.length)
          expect(bitsOf(pseudonym)).toBe(bitsOf(word))
        }
        if (!/^[0-9a-fA-F]+$/.test(word) && shapeOf(made().word(word)) !== shapeOf(word)) throw new Error(word)
        expect(pseudonyms.word(word)).toBe(made().word(word))
      }),
    )
  })

  test('different ones stay different, and none is an original', () => {
    const pseudonyms = made()
    const words = Array.from({ length: 2000 }, (_, i) => `item${i}`)
    const given = words.map((word) => pseudonyms.word(word))
    expect(new Set(given).size).toBe(words.length)
    expect(words.filter((word, i) => word === given[i])).toEqual([])
  })

  test('names are the same in any case, and that of the word', () => {
    const pseudonyms = made()
    expect(pseudonyms.name('payments')).toBe(pseudonyms.word('payments'))
    expect(pseudonyms.name('PAYMENTS')).toBe(pseudonyms.word('payments').toUpperCase())
    expect(pseudonyms.name('Payments').slice(1)).toBe(pseudonyms.word('payments').slice(1))
  })

  test('numbers stay numbers, hexadecimal stays hexadecimal', () => {
    for (let i = 0; i < 50; i++) {
      const pseudonyms = new KeyedPseudonyms(Uint8Array.of(i))
      expect(pseudonyms.word('1000')).toMatch(/^[1-9]\d{3}$/)
      expect(pseudonyms.word('4bf92f3577b34da6')).toMatch(/^[0-9a-f]{16}$/)
      expect(pseudonyms.hex('beef')).toMatch(/^[0-9a-f]{4}$/)
    }
  })

  test('another key gives others', () => {
    expect(new KeyedPseudonyms(Uint8Array.of(1)).word('payments')).not.toBe(made().word('payments'))
  })
})
