// Amounts as a person reads them, for every sentence that says one.

/**
 * `350 ns`, `58 µs`, `11.2 ms`, `2.97 s`, `60.02 s`, `350.1 s`, `16 min 40 s`: as many digits as tell something, in the
 * unit that fits. Seconds up to a thousand, as time limits are set in them. What is not finite is an unknown time.
 */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time'
  return `${seconds < 0 ? '−' : ''}${ofSize(Math.abs(seconds))}`
}

// Each border is where the last digit that would be shown rounds up to the next unit.
function ofSize(seconds: number): string {
  if (seconds < 0.5e-9) return '0 s'
  if (seconds < 999.5e-9) return `${Math.round(seconds * 1e9)} ns`
  if (seconds < 999.5e-6) return `${Math.round(seconds * 1e6)} µs`
  if (seconds < 0.9995) return `${(seconds * 1e3).toPrecision(3)} ms`
  if (seconds < 99.995) return `${seconds.toFixed(2)} s`
  if (seconds < 999.95) return `${seconds.toFixed(1)} s`
  return parts(Math.round(seconds))
}

/** `16 min 40 s`, `26 h 5 s`: without those that are 0. */
function parts(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : '', rest > 0 ? `${rest} s` : '']
    .filter((part) => part !== '')
    .join(' ')
}

/** Seconds after what a line of time begins with, to the microsecond and without the unit: `+0.011137`, `−0.000319`. */
export const offset = (seconds: number): string => `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(6)}`

/** `1 frame`, `12,043 frames`. */
export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
