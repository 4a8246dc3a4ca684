// Story times as the document prints them: RFC 3339 in UTC with nanoseconds.

/** `nanoseconds` after `epoch` (whole seconds since 1970 UTC). */
export function timestamp(epoch: number, nanoseconds: number): string {
  const whole = Math.floor(nanoseconds / 1e9)
  const rest = Math.round(nanoseconds - whole * 1e9)
  const date = new Date((epoch + whole) * 1000)
  // Times beyond what a date can hold come from damaged captures.
  if (Number.isNaN(date.getTime())) return '1970-01-01T00:00:00.000000000Z'
  return `${date.toISOString().slice(0, -5)}.${String(rest).padStart(9, '0')}Z`
}
