const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** `812 bytes`, `1.42 MB`, `12.0 GB`: three digits, in powers of 1,000. */
export function bytes(count: number): string {
  let unit = 0
  let value = count
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${count === 1 ? 'byte' : UNITS[unit]}`
}
