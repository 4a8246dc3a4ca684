// Stretches of frames, of time or of a stream.

export interface Range {
  from: number
  to: number
}

/** In order, those that overlap or touch made one, which has what else the first of them has. */
export function merged<T extends Range>(ranges: readonly T[]): T[] {
  const result: T[] = []
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const before = result.at(-1)
    if (before !== undefined && range.from <= before.to) before.to = Math.max(before.to, range.to)
    else result.push({ ...range })
  }
  return result
}
