import { expect, test } from 'vitest'
import { createCaptureReader } from './open.ts'

const sink = { packet: (): void => {} }

test.each([
  ['nothing', '', 'the file is empty'],
  ['snoop', 'snoop\0\0\0\0\0\0\x02\0\0\0\x04', 'it looks like a Sun snoop capture'],
  ['xz', '\xfd7zXZ\0\0\x04', 'xz-compressed data; decompress it first'],
  ['text', 'GET / HTTP/1.1\r\nHost: a\r\n', 'it looks like text'],
  ['zeros', '\0'.repeat(40), 'it begins with zeros'],
  ['three bytes', '\xd4\xc3\xb2', 'it has only 3 bytes'],
  ['anything else', '\x01\x02\x03\xff'.repeat(5), 'it begins with 01 02 03 ff'],
])('%s is no capture, and the fault says what it looks like', (_, content, expected) => {
  const bytes = Uint8Array.from(content, (character) => character.charCodeAt(0))
  for (const piece of [1, 100]) {
    const reader = createCaptureReader()
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece), sink)
    reader.end(sink)
    expect(reader.info).toMatchObject({ format: null, frames: 0, faults: [{ offset: 0, afterFrame: 0, fatal: true }] })
    expect(reader.info.faults[0]!.text).toContain(expected)
  }
})

test('packets lie in plain arrays, whatever the chunks are: a slice of Node’s Buffer would be no copy', () => {
  const header = '\xd4\xc3\xb2\xa1' + '\x02\0\x04\0' + '\0'.repeat(8) + '\0\0\x04\0' + '\x01\0\0\0'
  const record = '\0'.repeat(8) + '\x02\0\0\0' + '\x02\0\0\0' + '\xab\xcd'
  const chunk = Buffer.from(header + record, 'latin1')
  const found: Uint8Array[] = []
  const reader = createCaptureReader()
  reader.push(chunk, { packet: ({ bytes, at, end }) => void found.push(bytes.slice(at, end)) })
  chunk.fill(0) // the next one comes into the same memory
  expect(found).toEqual([Uint8Array.of(0xab, 0xcd)])
})
