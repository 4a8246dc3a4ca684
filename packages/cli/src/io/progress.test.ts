import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { progress } from './progress.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = []
  const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) }
  return { stream: stream as unknown as NodeJS.WriteStream, written }
}

test('short work is silent', () => {
  const { stream, written } = terminal(true)
  const line = progress('a.pcap', 1000, stream)
  line.report(500, 5)
  line.done()
  expect(written).toEqual([])
})

test('long work shows one line and wipes it', () => {
  const { stream, written } = terminal(true)
  const line = progress('a.pcap', 1000, stream)
  vi.advanceTimersByTime(600)
  line.report(500, 1234)
  line.report(501, 1235) // too soon
  line.done()
  expect(written).toEqual(['\r\x1b[Ka.pcap  50 %  1,234 frames', '\r\x1b[K'])
})

test('the line fits the screen, and a file name cannot steer it', () => {
  const { stream, written } = terminal(true)
  const line = progress(`\x1b[2J${'x'.repeat(60)}`, null, stream)
  vi.advanceTimersByTime(600)
  line.report(5e6, 1)
  expect(written[0]).toBe(`\r\x1b[K${`\\x1b[2J${'x'.repeat(60)}`.slice(0, 39)}`)
})

test('nobody watches: nothing is written', () => {
  const { stream, written } = terminal(false)
  const line = progress('a.pcap', 1000, stream)
  vi.advanceTimersByTime(600)
  line.report(500, 5)
  line.done()
  expect(written).toEqual([])
})
