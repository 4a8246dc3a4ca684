// How an interface of a cut tells from which capture its packets are: `proxy-back (back.pcap)`, or with the interface's
// own name `proxy-back (back.pcap, eth0)`. By it the captures that lie in one cut are told apart again.

/** `vantage` is where the capture was taken, several places joined by `+`, or `capture` where nobody knows. */
export interface SourceName {
  vantage: string
  file: string
  interface: string | null
}

/** Where a capture was taken. */
export type Place = 'client' | 'proxy-front' | 'proxy-back' | 'upstream'
const PLACES: readonly Place[] = ['client', 'proxy-front', 'proxy-back', 'upstream']

const PLACE = `(?:${PLACES.join('|')})`
const NAME = new RegExp(`^(${PLACE}(?:\\+${PLACE})*|capture) \\((.+?)(?:, ([^,]+))?\\)$`, 's')

export const sourceName = ({ vantage, file, interface: name }: SourceName): string =>
  `${vantage} (${noComma(file)}${name === null || name === '' ? '' : `, ${noComma(name)}`})`

/** Null for an interface that is no cut's. */
export function parseSourceName(name: string | null): SourceName | null {
  const parts = name === null ? null : NAME.exec(name)
  return parts === null ? null : { vantage: parts[1]!, file: parts[2]!, interface: parts[3] ?? null }
}

/** The one place that such a name tells; null where it tells none or several. */
export const placeOf = (name: string | null): Place | null =>
  PLACES.find((place) => place === parseSourceName(name)?.vantage) ?? null

const noComma = (text: string): string => text.replaceAll(',', '_')
