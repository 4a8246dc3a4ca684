import { expect, test } from 'vitest'
import { captureNames } from './capture-names.ts'

test('endings go where names stay apart', () => {
  const files = ['proxy-back.pcap', 'upstream.pcapng.gz', 'a.pcap', 'a.pcapng', 'dir/b', '.pcap', 'x\u202e.cap']
  const name = captureNames(files.map((file, id) => ({ file, id })))
  expect(files.map((_, id) => name(id))).toEqual([
    'proxy-back',
    'upstream',
    'a.pcap',
    'a.pcapng',
    'b',
    '.pcap',
    'x\\u202e',
  ])
  expect(name(99)).toBe('capture 99')
})
