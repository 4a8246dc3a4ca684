// What may be claimed of the order of events that different captures saw: what holds for any clocks inside the bounds.
import type { Story } from '../story.ts'
import { aheadAt } from './ties.ts'
import { fromStory } from './time.ts'

/**
 * By how many nanoseconds what capture `a` shows at a story time may really have been earlier, and later, than the story
 * has it against what capture `b` shows. Infinity where nothing ties their clocks.
 */
export function vagueness(
  { captures, ties }: Story,
  a: number,
  b: number,
  at: number,
): { earlier: number; later: number } {
  if (a === b || !Number.isFinite(at)) return { earlier: 0, later: 0 }
  const { most } = aheadAt(captures, ties, at)
  const taken = fromStory(captures[b], at) - fromStory(captures[a], at)
  return { earlier: Math.max(0, taken + most[b][a]), later: Math.max(0, most[a][b] - taken) }
}
