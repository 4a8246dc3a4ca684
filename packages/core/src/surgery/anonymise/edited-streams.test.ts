import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latin1 } from '../../bytes/read.ts'
import { EditedStreams } from './edited-streams.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

function piece(edits: EditedStreams, text: string, position: number): string {
  const b = bytes(`<${text}>`)
  edits.apply(0, position, b, 1, b.length - 1)
  return latin1(b, 0, b.length)
}

test('what nobody named is filled, on the side that it was named on', () => {
  const edits = new EditedStreams()
  edits.keep(0, 1, 5)
  edits.replace(0, 5, bytes('/kept'))
  edits.keep(1, 1, 100)
  expect(piece(edits, 'GET /path HTTP/1.1', 1)).toBe('<GET /keptxxxxxxxxx>')
})

test('a replacement holds where the byte is also kept', () => {
  const edits = new EditedStreams()
  edits.replace(0, 3, bytes('--'))
  edits.keep(0, 1, 8)
  expect(piece(edits, 'abcdefg', 1)).toBe('<ab--efg>')
})

test('what is sent again with other bytes is what it was', () => {
  const edits = new EditedStreams()
  edits.keep(0, 1, 4)
  edits.replace(0, 4, bytes('-'))
  expect(piece(edits, 'abcde', 1)).toBe('<abc-x>')
  expect(piece(edits, 'alice', 1)).toBe('<abc-x>')
  expect(piece(edits, 'bob', 2)).toBe('<bc->')
})

test('any pieces of the stream make the whole', () => {
  const STREAM = 'abcdefghijklmnopqrstuvwxyz'
  const range = fc.tuple(fc.integer({ min: 1, max: 26 }), fc.nat(6))
  fc.assert(
    fc.property(fc.array(range), fc.array(range), fc.nat(26), fc.nat(26), (kept, replaced, x, y) => {
      const edits = new EditedStreams()
      for (const [from, length] of kept) edits.keep(0, from, Math.min(27, from + length))
      let at = 1
      for (const [skip, length] of replaced) {
        edits.replace(0, at + skip, bytes('-'.repeat(length)))
        at += skip + length
      }
      const whole = piece(edits, STREAM, 1).slice(1, -1)
      const [from, to] = [Math.min(x, y), Math.max(x, y)]
      expect(piece(edits, STREAM.slice(from, to), from + 1).slice(1, -1)).toBe(whole.slice(from, to))
    }),
  )
})
