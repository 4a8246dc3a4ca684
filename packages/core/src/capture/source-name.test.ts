import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSourceName, sourceName } from './source-name.ts'

test('says vantage, file and interface', () => {
  expect(sourceName({ vantage: 'client+upstream', file: 'a.pcap', interface: 'eth0' })).toBe(
    'client+upstream (a.pcap, eth0)',
  )
})

test('is told apart again', () => {
  const word = fc.string({ minLength: 1 }).filter((text) => !text.includes(','))
  const names = fc.record({
    vantage: fc.constantFrom('capture', 'proxy-back', 'proxy-front+proxy-back'),
    file: word,
    interface: fc.option(word),
  })
  fc.assert(
    fc.property(names, (name) => {
      expect(parseSourceName(sourceName(name))).toEqual(name)
    }),
  )
})

test('other interfaces are no cut’s', () => {
  for (const name of [null, '', 'eth0', 'Ethernet (2)', 'proxy-back', 'capture ()']) {
    expect(parseSourceName(name)).toBeNull()
  }
})
