// The pcap file format, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html
import { be16, be32, concat, le16, le32, type Bytes } from './bytes.ts'

/** One frame of a capture file. */
export interface Frame {
  /** Whole seconds since 1970 UTC and nanoseconds within. */
  seconds: number
  nanoseconds: number
  /** The bytes as on the wire; the writer cuts them to the snap length. */
  bytes: Bytes
}

export interface PcapOptions {
  /** LINKTYPE_ number; 1 is Ethernet. */
  linkType: number
  snapLength?: number
  /** Resolution of the time stamps; nanoseconds unless said otherwise. */
  resolution?: 'microseconds' | 'nanoseconds'
  byteOrder?: 'little' | 'big'
}

const MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d }

export function writePcap(frames: Frame[], options: PcapOptions): Bytes {
  const { linkType, snapLength = 262144, resolution = 'nanoseconds', byteOrder = 'little' } = options
  const [n16, n32] = byteOrder === 'little' ? [le16, le32] : [be16, be32]
  const unused = 0 // time zone and accuracy, always zero
  const version = [...n16(2), ...n16(4)]
  const header = [n32(MAGIC[resolution]), version, n32(unused), n32(unused), n32(snapLength), n32(linkType)]
  const records = frames.flatMap(({ seconds, nanoseconds, bytes }) => {
    const captured = bytes.subarray(0, snapLength)
    const fraction = resolution === 'nanoseconds' ? nanoseconds : Math.floor(nanoseconds / 1000)
    return [n32(seconds), n32(fraction), n32(captured.length), n32(bytes.length), captured]
  })
  return concat([...header, ...records])
}
