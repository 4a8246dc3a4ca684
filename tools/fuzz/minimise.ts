// Makes an input that fails smaller, as long as it fails in the same way.
import type { Bytes } from '@pcap-surgery/core'
import { joined } from './mutate.ts'
import { unitsOf } from './targets.ts'

const MOST_RUNS = 2000

export async function minimised(
  target: string,
  input: Bytes,
  isSame: (smaller: Bytes) => Promise<boolean>,
): Promise<Bytes> {
  let best = input
  let runs = 0
  const tried = async (smaller: Bytes): Promise<boolean> => {
    if (smaller.length >= best.length || !(await isSame(smaller))) return false
    best = smaller
    return true
  }
  /** Leaves out ever smaller runs of units. What has many is joined so often that this must end as well. */
  const fewer = async (units: Bytes[], join: (units: Bytes[]) => Bytes): Promise<void> => {
    let left = units
    for (let size = left.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < left.length;) {
        if (++runs > MOST_RUNS) return
        const without = [...left.slice(0, at), ...left.slice(at + size)]
        if (await tried(join(without))) left = without
        else at += size
      }
    }
  }
  const whole = unitsOf(target, input)
  if (whole !== null) await fewer(whole.units, whole.join)
  if (best.length < 100_000) {
    await fewer(
      Array.from(best, (byte) => Uint8Array.of(byte)),
      joined,
    )
  }
  return best
}
