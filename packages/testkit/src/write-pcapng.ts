// The pcapng file format, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
import { join, le16, le32, text, type Bytes } from './bytes.ts'
import type { Frame } from './write-pcap.ts'

export interface PcapngOptions {
  /** LINKTYPE_ number; 1 is Ethernet. */
  linkType: number
  snapLength?: number
  interfaceName?: string
  /** Section comment. */
  comment?: string
  /** Packets dropped by the capturing system; writes an interface statistics block. */
  dropped?: number
  /** TLS key log text; writes a decryption secrets block. */
  keyLog?: string
}

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const INTERFACE_STATISTICS = 5
const ENHANCED_PACKET = 6
const DECRYPTION_SECRETS = 10
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const TLS_KEY_LOG = 0x544c534b
const OPT_COMMENT = 1
const IF_NAME = 2
const IF_TSRESOL = 9
const ISB_IFDROP = 5

export function writePcapng(frames: Frame[], options: PcapngOptions): Bytes {
  const { linkType, snapLength = 0, interfaceName, comment, dropped, keyLog } = options
  const version = [...le16(1), ...le16(0)]
  const unknownLength = [...le32(0xffffffff), ...le32(0xffffffff)]
  const section = join(le32(BYTE_ORDER_MAGIC), version, unknownLength, ...texts(OPT_COMMENT, comment))
  const resolution = option(IF_TSRESOL, [9]) // nanoseconds
  const description = join(le16(linkType), le16(0), le32(snapLength), ...texts(IF_NAME, interfaceName), resolution)
  const blocks = [block(SECTION_HEADER, section), block(INTERFACE_DESCRIPTION, description)]
  if (keyLog !== undefined) {
    blocks.push(block(DECRYPTION_SECRETS, join(le32(TLS_KEY_LOG), le32(keyLog.length), padded(text(keyLog)))))
  }
  for (const frame of frames) {
    const captured = snapLength === 0 ? frame.bytes : frame.bytes.subarray(0, snapLength)
    const lengths = [...le32(captured.length), ...le32(frame.bytes.length)]
    blocks.push(block(ENHANCED_PACKET, join(le32(0), time(frame), lengths, padded(captured))))
  }
  if (dropped !== undefined) {
    const last = frames.at(-1) ?? { seconds: 0, nanoseconds: 0 }
    const count = option(ISB_IFDROP, [...le32(dropped), ...le32(0)])
    blocks.push(block(INTERFACE_STATISTICS, join(le32(0), time(last), count)))
  }
  return join(...blocks)
}

/** Time stamp, high half first (section 4.3 of the draft). */
function time({ seconds, nanoseconds }: { seconds: number; nanoseconds: number }): number[] {
  const units = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
  return [...le32(Number((units >> 32n) & 0xffffffffn)), ...le32(Number(units & 0xffffffffn))]
}

function block(type: number, body: Bytes): Bytes {
  const length = le32(12 + body.length)
  return join(le32(type), length, body, length)
}

const padded = (value: ArrayLike<number>): Bytes => join(value, new Uint8Array(-value.length & 3))
const option = (code: number, value: ArrayLike<number>): Bytes => join(le16(code), le16(value.length), padded(value))
const texts = (code: number, value: string | undefined): Bytes[] =>
  value === undefined ? [] : [option(code, text(value))]
