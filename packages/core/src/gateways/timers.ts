// Matching an observed wait with a product's timers.
import type { TimerPhase } from './product.ts'
import { productOf } from './products.ts'

export interface MatchingTimer {
  setting: string
  /** The default (or shipped) value in seconds that the wait matches. */
  defaultSeconds: number
}

/**
 * The product's timer whose default explains a wait of `seconds` in this phase, or null. A timer fires a little late and
 * never early, but the capture's two ends of the wait are not the timer's: 2 % either way, and at least half a second
 * over (more for products that poll their timers).
 */
export function matchingTimer(gatewayId: string | null, phase: TimerPhase, seconds: number): MatchingTimer | null {
  const product = productOf(gatewayId)
  if (!product) return null
  let best: MatchingTimer | null = null
  for (const timer of product.timers) {
    if (timer.phase !== phase) continue
    for (const value of [timer.seconds, timer.packaged]) {
      if (!value || !isAbout(seconds, value, product.timerSlack ?? 0.5)) continue
      if (!best || Math.abs(value - seconds) < Math.abs(best.defaultSeconds - seconds)) {
        best = { setting: timer.setting, defaultSeconds: value }
      }
    }
  }
  return best
}

/** True when `seconds` is `value` within 2 %, or up to `slack` seconds above. */
export function isAbout(seconds: number, value: number, slack: number): boolean {
  return seconds >= value * 0.98 && seconds <= Math.max(value * 1.02, value + slack)
}
