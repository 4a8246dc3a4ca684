import { expect, test } from 'vitest'
import { formatAddress } from './address.ts'
import { Decoder } from './decode.ts'
import { createLayers, type Layers } from './layers.ts'
import { neighbourAddressAt, neighbourMessage, neighbourVersion } from './neighbour.ts'

/** The bytes of one field, or of a few. */
const b = (...bytes: number[]): number[] => bytes

const LINK_LOCAL = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]

function decode(type: number, payload: number[]): Layers {
  const bytes = Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >> 8, type & 0xff, ...payload])
  const layers = createLayers()
  const length = bytes.length
  new Decoder().decode(layers, {
    frame: 1,
    seconds: 0,
    nanoseconds: 0,
    interfaceId: 0,
    bytes,
    at: 0,
    end: length,
    wireLength: length,
    linkType: 1,
  })
  return layers
}

const arp = (operation: number): Layers =>
  decode(0x0806, [
    ...b(0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 2, 10, 1, 0, 2), // sender
    ...b(0, 0, 0, 0, 0, 0, 10, 1, 0, 1), // target
  ])

const discovery = (type: number, target: number[]): Layers =>
  decode(0x86dd, [
    ...b(0x60, 0, 0, 0, 0, 8 + target.length, 58, 255),
    ...LINK_LOCAL,
    ...LINK_LOCAL,
    ...b(type, 0, 0, 0, 0, 0, 0, 0),
    ...target,
  ])

const about = (l: Layers): string => formatAddress(l.bytes, neighbourAddressAt(l), neighbourVersion(l))

test('a request is about its target, a reply about its sender', () => {
  expect([neighbourMessage(arp(1)), about(arp(1))]).toEqual(['request', '10.1.0.1'])
  expect([neighbourMessage(arp(2)), about(arp(2))]).toEqual(['reply', '10.1.0.2'])
  expect(neighbourMessage(arp(3))).toBeNull()
})

test('neighbour discovery names the address', () => {
  const target = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
  expect([neighbourMessage(discovery(135, target)), about(discovery(135, target))]).toEqual(['request', '2001:db8::1'])
  expect(neighbourMessage(discovery(136, target))).toBe('reply')
  expect(neighbourMessage(discovery(133, target))).toBeNull()
  expect(neighbourMessage(discovery(135, target.slice(1)))).toBeNull() // cut
})
