// Writes classic pcap (draft-ietf-opsawg-pcap), little-endian. It has one link type and no place for what is beside the
// packets: what was there of it is counted.
import type { Bytes } from '../bytes/read.ts'
import { CUSTOM, DECRYPTION_SECRETS, eachOption, NAME_RESOLUTION } from './pcapng-blocks.ts'
import { IF_FCSLEN, OPT_COMMENT } from './pcapng-options.ts'
import { type CaptureWriter, type Emit, LinkTypesDiffer, type WrittenInterface } from './writer.ts'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const RECORD_HEADER = 16

const BLOCKS: { readonly [type: number]: string } = {
  [NAME_RESOLUTION]: 'name resolution blocks',
  [DECRYPTION_SECRETS]: 'decryption secrets',
  [CUSTOM]: 'custom blocks',
}

export interface PcapOptions {
  /** Digits of the times: nine, or six for readers that know no others. */
  resolution: 'nanoseconds' | 'microseconds'
}

/** The header goes out with the first packet, whose link type it has. */
export function pcapWriter(emit: Emit, { resolution }: PcapOptions = { resolution: 'nanoseconds' }): CaptureWriter {
  const described: WrittenInterface[] = []
  const used = new Set<number>()
  const lost = new Map<string, number>()
  let linkType: number | null = null

  const lose = (what: string, count = 1): void => {
    if (count > 0) lost.set(what, (lost.get(what) ?? 0) + count)
  }

  const loseOptions = (options: Bytes, of: string): void =>
    eachOption(options, (code) => {
      if (code !== IF_FCSLEN || of !== 'interfaces')
        lose(code === OPT_COMMENT ? `comments of ${of}` : `options of ${of}`)
    })

  const begin = ({ linkType: first, options }: Pick<WrittenInterface, 'linkType' | 'options'>): void => {
    linkType = first
    const view = new DataView(new ArrayBuffer(FILE_HEADER))
    view.setUint32(0, resolution === 'nanoseconds' ? NANOSECONDS : MICROSECONDS, true)
    view.setUint16(4, 2, true)
    view.setUint16(6, 4, true)
    view.setUint32(16, snapLength(described), true)
    view.setUint32(20, linkType + checkSequence(options), true)
    emit(new Uint8Array(view.buffer))
  }

  return {
    lost,
    section(options: Bytes): void {
      loseOptions(options, 'the section')
    },
    addInterface(one: WrittenInterface): number {
      if (one.name !== null) lose('names of interfaces')
      if (one.comment !== null) lose('comments of interfaces')
      if (one.options !== undefined) loseOptions(one.options, 'interfaces')
      return described.push(one) - 1
    },
    packet({ seconds, nanoseconds, bytes, at, end, wireLength, interfaceId }, comments = [], options): boolean {
      if (seconds < 0 || seconds >= 2 ** 32) return false
      const its = described[interfaceId]!
      if (linkType === null) begin(its)
      else if (its.linkType !== linkType) throw new LinkTypesDiffer('pcap has one link type for all packets')
      used.add(interfaceId)
      lose('comments of packets', comments.length)
      if (options !== undefined) loseOptions(options, 'packets')
      if (resolution === 'microseconds' && nanoseconds % 1000 > 0) lose('times finer than a microsecond')
      const written = new Uint8Array(RECORD_HEADER + end - at)
      const view = new DataView(written.buffer)
      view.setUint32(0, seconds, true)
      view.setUint32(4, resolution === 'nanoseconds' ? nanoseconds : Math.floor(nanoseconds / 1000), true)
      view.setUint32(8, end - at, true)
      view.setUint32(12, wireLength, true)
      written.set(bytes.subarray(at, end), RECORD_HEADER)
      emit(written)
      return true
    },
    names(names): void {
      lose('names of addresses', names.length)
    },
    secrets(): void {
      lose('decryption secrets')
    },
    dropped(): void {
      lose('counts of drops')
    },
    statistics(): void {
      lose('statistics of interfaces')
    },
    block(type: number): void {
      lose(BLOCKS[type] ?? 'other blocks')
    },
    end(): void {
      if (linkType === null) begin(described[0] ?? { linkType: ETHERNET })
      if (used.size > 1) lose('which interface a packet is of')
    },
  }
}

const ETHERNET = 1

/** Upper bits of the link type: 16-bit words of frame check sequence, and that they are stated. */
function checkSequence(options: Bytes | undefined): number {
  let stated = 0
  if (options !== undefined) {
    eachOption(options, (code, value) => {
      if (code === IF_FCSLEN && value[0]! % 2 === 0 && value[0]! < 32) stated = (value[0]! / 2) * 2 ** 28 + 2 ** 26
    })
  }
  return stated
}

/** The largest of the snap lengths; 0, no limit stated, is larger than any. */
function snapLength(described: readonly WrittenInterface[]): number {
  const lengths = described.map((one) => one.snapLength)
  return lengths.includes(0) ? 0 : Math.max(0, ...lengths)
}
