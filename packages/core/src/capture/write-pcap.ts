// Writes classic pcap (draft-ietf-opsawg-pcap), little-endian, times in nanoseconds. It has one link type and no place
// for interfaces and their drop counts, names, comments and secrets: those are lost.
import type { CaptureWriter, Emit, WrittenInterface, WrittenPacket } from './writer.ts'

const NANOSECONDS = 0xa1b23c4d
const FILE_HEADER = 24
const RECORD_HEADER = 16

/** The header goes out with the first packet, when all interfaces are known. Throws where their link types differ. */
export function pcapWriter(emit: Emit): CaptureWriter {
  const described: WrittenInterface[] = []
  let begun = false

  const begin = (): void => {
    begun = true
    const view = new DataView(new ArrayBuffer(FILE_HEADER))
    view.setUint32(0, NANOSECONDS, true)
    view.setUint16(4, 2, true)
    view.setUint16(6, 4, true)
    view.setUint32(16, snapLength(described), true)
    view.setUint32(20, described[0]?.linkType ?? 1, true)
    emit(new Uint8Array(view.buffer))
  }

  return {
    addInterface(one: WrittenInterface): number {
      if (described.some(({ linkType }) => linkType !== one.linkType)) throw new Error('pcap has one link type')
      return described.push(one) - 1
    },
    packet({ seconds, nanoseconds, bytes, at, end, wireLength }: WrittenPacket): boolean {
      if (seconds < 0 || seconds >= 2 ** 32) return false
      if (!begun) begin()
      const written = new Uint8Array(RECORD_HEADER + end - at)
      const view = new DataView(written.buffer)
      view.setUint32(0, seconds, true)
      view.setUint32(4, nanoseconds, true)
      view.setUint32(8, end - at, true)
      view.setUint32(12, wireLength, true)
      written.set(bytes.subarray(at, end), RECORD_HEADER)
      emit(written)
      return true
    },
    names(): void {},
    secrets(): void {},
    dropped(): void {},
    end(): void {
      if (!begun) begin()
    },
  }
}

/** The largest of the snap lengths; 0, no limit stated, is larger than any. */
function snapLength(described: readonly WrittenInterface[]): number {
  const lengths = described.map((one) => one.snapLength)
  return lengths.includes(0) ? 0 : Math.max(0, ...lengths)
}
