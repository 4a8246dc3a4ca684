// Captures that targets write themselves, and what can be read of them again.
import { type Bytes, type CaptureWriter, type Emit, type Packet, pcapngWriter } from '@pcap-surgery/core'
import { createCaptureReader } from '../../packages/core/src/capture/open.ts'
import { must } from './checks.ts'
import { joined } from './mutate.ts'
import { Random } from './random.ts'

export const pcapng = (emit: Emit): CaptureWriter => pcapngWriter({ comments: [], application: 'fuzz' }, emit)

/** A number that follows from the input, so that the same input gives the same run. */
export const choice = (input: Bytes): Random =>
  new Random(input.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7))

/** What is written, in one piece. */
export async function written(
  make: (emit: Emit) => CaptureWriter,
  write: (to: CaptureWriter) => unknown,
): Promise<Bytes> {
  const out: Bytes[] = []
  await write(make((bytes) => out.push(bytes.slice())))
  return joined(out)
}

/** Lengths and time of each packet, and what is wrong with the capture. */
export function read(capture: Bytes): { packets: string[]; fault: string | null } {
  const packets: string[] = []
  const sink = {
    packet: (p: Packet): void => {
      packets.push(`${p.end - p.at} of ${p.wireLength} at ${p.seconds}.${p.nanoseconds}`)
    },
  }
  const reader = createCaptureReader()
  reader.push(capture, sink)
  reader.end(sink)
  return { packets, fault: reader.info.faults[0]?.text ?? null }
}

export function mustBeGood(capture: Bytes, count: number): string[] {
  const { packets, fault } = read(capture)
  must(fault === null, `what was written is damaged: ${fault}`)
  must(packets.length === count, `${count} packets were written, ${packets.length} can be read`)
  return packets
}
