// What a capture format has to bring along.
import type { Bytes } from '../bytes/read.ts'
import type { BlockSink, CaptureInfo } from './packet.ts'
import type { RecordReader } from './records.ts'

export interface CaptureFormat {
  name: 'pcap' | 'pcapng'
  /** Whether a file that begins like this (16 bytes, or the whole file if shorter) is of this format. */
  recognises(head: Bytes): boolean
  /** A reader that notes what it learns in `info`, and shows what is beside the packets to `blocks` if anybody looks. */
  reader(info: CaptureInfo, blocks: BlockSink | null): RecordReader
}

/**
 * The largest packet that is believed without the file's support: what libpcap and Wireshark allow. tcpdump and dumpcap
 * cut there by default, and a segment joined by the network card (GRO, BIG TCP) stays below it.
 */
const STANDARD_PACKET = 262_144

/** The largest packet that is read at all; bounds the memory of a reader. */
export const LARGEST_PACKET: number = 16 * 1024 * 1024

/** How long a packet may claim to be under a snap length before the claim is damage; 0 stands for no limit stated. */
export const packetLimit = (snapLength: number): number =>
  snapLength === 0 ? LARGEST_PACKET : Math.min(LARGEST_PACKET, Math.max(STANDARD_PACKET, snapLength))
