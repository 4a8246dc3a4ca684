import { describe, expect, test } from 'vitest'
import { readProxyHeader } from './proxy-protocol.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const lengthOf = (b: Uint8Array): number => readProxyHeader(b).length
const line = 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'
// prettier-ignore
const version2 = [
  13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, // signature
  0x21, // version 2, PROXY
  0x11, // TCP over IPv4
  0, 12, // length
  192, 0, 2, 1, 198, 51, 100, 2, // addresses
  0xdc, 4, 1, 0xbb, // ports
]

describe('the header in front of a stream', () => {
  test('version 1 ends with its line', () => {
    expect(lengthOf(bytes(`${line}GET / HTTP/1.1\r\n`))).toBe(line.length)
  })

  test('version 2 says its length', () => {
    expect(lengthOf(Uint8Array.from([...version2, ...bytes('GET /')]))).toBe(28)
  })

  test.each([1, 5, 6, 20, line.length - 1])('%i bytes of a line are not all of it', (length) => {
    expect(lengthOf(bytes(line).subarray(0, length))).toBe(-1)
  })

  test.each([1, 12, 15, 27])('%i bytes of version 2 are not all of it', (length) => {
    expect(lengthOf(Uint8Array.from(version2.slice(0, length)))).toBe(-1)
  })

  test('other streams have none', () => {
    expect(lengthOf(bytes('GET / HTTP/1.1\r\n'))).toBe(0)
    expect(lengthOf(bytes('PROXYING\r\n'))).toBe(0)
    expect(lengthOf(bytes(`PROXY ${'x'.repeat(120)}\r\n`))).toBe(0)
  })

  test('it says whom the connection is for', () => {
    const proxiedFor = { source: '192.0.2.1:56324', destination: '198.51.100.2:443' }
    expect(readProxyHeader(bytes(line)).proxiedFor).toEqual(proxiedFor)
    expect(readProxyHeader(Uint8Array.from(version2)).proxiedFor).toEqual(proxiedFor)
    expect(readProxyHeader(bytes('PROXY UNKNOWN\r\n')).proxiedFor).toBeNull()
    expect(readProxyHeader(Uint8Array.from(version2, (b, i) => (i === 12 ? 0x20 : b))).proxiedFor).toBeNull() // LOCAL
  })
})
