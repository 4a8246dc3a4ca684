import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hpackIndexed, hpackInserted, hpackLiteral, hpackTableSize } from '@pcap-surgery/testkit'
import { HpackDecoder } from './hpack.ts'
import { decodeHuffman } from './huffman.ts'

const hex = (text: string) => Uint8Array.from(text.match(/[\da-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16))
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** The lines of a block, `name: value`; what is wrong behind them. */
function read(decoder: HpackDecoder, block: Uint8Array, whole = true): string[] {
  const { fields, fault } = decoder.decode(block, 0, block.length, whole)
  const lines = fields.list.map(({ name, value }) => `${name}: ${value}`)
  if (!fields.complete) lines.push('incomplete')
  return fault === null ? lines : [...lines, `! ${fault}`]
}

/** Lines of each block of one direction, whose receiver allows a table of `limit` bytes. */
function readAll(limit: number, ...blocks: string[]): string[][] {
  const decoder = new HpackDecoder()
  decoder.allow(limit)
  if (limit !== 4096) read(decoder, hpackTableSize(limit))
  return blocks.map((block) => read(decoder, hex(block)))
}

const GET = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
const SECURE = [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com']
const FOUND = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
]
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const THIRD = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  `set-cookie: ${COOKIE}`,
]

describe('RFC 7541 appendix C', () => {
  test('C.2: a literal with indexing, without, never indexed, and an indexed field', () => {
    const inserted = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'
    const literal = '040c 2f73 616d 706c 652f 7061 7468'
    const neverIndexed = '1008 7061 7373 776f 7264 0673 6563 7265 74'
    expect(readAll(4096, inserted, literal, neverIndexed, '82', 'be')).toEqual([
      ['custom-key: custom-header'],
      [':path: /sample/path'],
      ['password: secret'],
      [':method: GET'],
      ['custom-key: custom-header'],
    ])
  })

  const REQUESTS = [GET, [...GET, 'cache-control: no-cache'], [...SECURE, 'custom-key: custom-value']]

  test('C.3: requests without Huffman coding', () => {
    expect(
      readAll(
        4096,
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ),
    ).toEqual(REQUESTS)
  })

  test('C.4: requests with Huffman coding', () => {
    expect(
      readAll(
        4096,
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ),
    ).toEqual(REQUESTS)
  })

  const RESPONSES = [FOUND, [':status: 307', ...FOUND.slice(1)], THIRD]

  test('C.5: responses without Huffman coding, in a table of 256 bytes that evicts', () => {
    expect(
      readAll(
        256,
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ),
    ).toEqual(RESPONSES)
  })

  test('C.6: the same with Huffman coding', () => {
    expect(
      readAll(
        256,
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ),
    ).toEqual(RESPONSES)
  })
})

describe('Huffman code', () => {
  test('padding is less than a byte, and all ones', () => {
    expect(decodeHuffman(hex('1f'), 0, 1)).toBe('a') // 00011 and 111
    expect(decodeHuffman(hex('1e'), 0, 1)).toBeNull() // 110
    expect(decodeHuffman(hex('1fff'), 0, 2)).toBeNull() // 11 bits of padding
  })

  test('EOS may not stand in a string', () => {
    expect(decodeHuffman(hex('ffff fffc'), 0, 4)).toBeNull() // 30 ones, then a beginning of something
  })

  test('the longest codes', () => {
    expect(decodeHuffman(hex('ffff fff3'), 0, 4)).toBe('\n') // 28 ones, 00, then 11
    expect(decodeHuffman(hex('ffff ff7f'), 0, 4)).toBe('\x1b') // 24 ones, 0111, then 1111
  })
})

describe('what is not known', () => {
  test('entries older than what was seen are null, literals and later entries tell', () => {
    const decoder = new HpackDecoder()
    decoder.lose()
    expect(read(decoder, join(hpackIndexed(8), hpackIndexed(62), hpackLiteral(70, 'x')))).toEqual([
      ':status: 200',
      'null: null',
      'null: x',
      'incomplete',
    ])
    expect(read(decoder, hpackInserted('server', 'app'))).toEqual(['server: app'])
    expect(read(decoder, join(hpackIndexed(62), hpackIndexed(63)))).toEqual(['server: app', 'null: null', 'incomplete'])
  })

  test('a block that is cut keeps what stands before the cut, and the table is unknown from then on', () => {
    const decoder = new HpackDecoder()
    read(decoder, hpackInserted('server', 'app'))
    expect(read(decoder, join(hpackIndexed(62), hpackLiteral('via', 'proxy').subarray(0, 4)), false)).toEqual([
      'server: app',
      'incomplete',
    ])
    expect(read(decoder, hpackIndexed(62))).toEqual(['null: null', 'incomplete'])
  })

  test('a table made empty is known again', () => {
    const decoder = new HpackDecoder()
    decoder.lose()
    read(decoder, join(hpackTableSize(0), hpackTableSize(4096)))
    expect(read(decoder, hpackIndexed(62))).toEqual([
      'incomplete',
      '! A field line refers to entry 62 of a table of 61',
    ])
  })

  test('a table that is full has evicted what was not seen', () => {
    const decoder = new HpackDecoder()
    decoder.lose()
    read(decoder, join(hpackTableSize(100), hpackInserted('a', '1'), hpackInserted('b', '2')))
    expect(read(decoder, hpackIndexed(64))).toEqual(['null: null', 'incomplete'])
    read(decoder, hpackInserted('c', '3'))
    expect(read(decoder, join(hpackIndexed(62), hpackIndexed(63)))).toEqual(['c: 3', 'b: 2'])
    expect(read(decoder, hpackIndexed(64))[1]).toBe('! A field line refers to entry 64 of a table of 63')
  })
})

describe('what breaks the rules', () => {
  const faults: readonly (readonly [what: string, block: string, fault: string])[] = [
    ['index 0', '80', 'A field line refers to entry 0 of a table of 61'],
    ['an entry that is not there', 'be', 'A field line refers to entry 62 of a table of 61'],
    ['a string longer than the block', '0001 6105 62', 'A field line runs beyond the end of its field block'],
    ['a number without end', 'ff80 8080 8080 8080', 'A number in a field block is too large'],
    ['a number that is cut', 'ff80', 'A field line runs beyond the end of its field block'],
    ['Huffman padding of zeros', '0001 6181 18', 'A string in a field block breaks the Huffman code'],
    ['a table larger than allowed', '3fe2 1f', 'The dynamic table is made 4097 bytes large, 4096 are allowed'],
    ['a size update behind a field', '82 20', 'A dynamic table size update follows a field line'],
  ]
  test.each(faults)('%s', (_what, block, fault) => {
    expect(read(new HpackDecoder(), hex(block)).at(-1)).toBe(`! ${fault}`)
  })
})

test('several lines of one name are one value', () => {
  const block = join(
    hpackLiteral('via', 'a'),
    hpackLiteral('via', 'b'),
    hpackLiteral('cookie', 'c=1'),
    hpackLiteral('cookie', 'd'),
  )
  const { fields } = new HpackDecoder().decode(block, 0, block.length, true)
  expect([fields.get('via'), fields.get('cookie'), fields.get('te')]).toEqual(['a, b', 'c=1; d', null])
})

test('a block that decodes to a thousand times its size is decoded, and little of it kept', () => {
  const decoder = new HpackDecoder()
  const bomb = join(hpackInserted('x', 'y'.repeat(4000)), new Uint8Array(100_000).fill(0x80 | 62))
  const { fields, fault } = decoder.decode(bomb, 0, bomb.length, true)
  expect({ fault, complete: fields.complete, size: fields.size }).toEqual({
    fault: null,
    complete: false,
    size: 100_001 * 4033,
  })
  expect(fields.list.length).toBe(64)
})

test('no bytes make it throw, and what is complete has no unknown part', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), fc.boolean(), (blocks, whole) => {
      const decoder = new HpackDecoder()
      for (const block of blocks) {
        const { fields } = decoder.decode(block, 0, block.length, whole)
        const isKnown = fields.list.every(({ name, value }) => name !== null && value !== null)
        expect(isKnown || !fields.complete).toBe(true)
      }
    }),
  )
})
