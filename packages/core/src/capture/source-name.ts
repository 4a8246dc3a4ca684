// How an interface of a cut tells from which capture its packets are: `proxy-back (back.pcap)`, or with the interface's
// own name `proxy-back (back.pcap, eth0)`. By it the captures that lie in one cut are told apart again.

/** `vantage` is where the capture was taken, several places joined by `+`, or `capture` where nobody knows. */
export interface SourceName {
  vantage: string
  file: string
  interface: string | null
}

const PLACE = '(?:client|proxy-front|proxy-back|upstream)'
const NAME = new RegExp(`^(${PLACE}(?:\\+${PLACE})*|capture) \\((.+?)(?:, ([^,]+))?\\)$`, 's')

export const sourceName = ({ vantage, file, interface: name }: SourceName): string =>
  `${vantage} (${noComma(file)}${name === null || name === '' ? '' : `, ${noComma(name)}`})`

/** Null for an interface that is no cut's. */
export function parseSourceName(name: string | null): SourceName | null {
  const parts = name === null ? null : NAME.exec(name)
  return parts === null ? null : { vantage: parts[1]!, file: parts[2]!, interface: parts[3] ?? null }
}

const noComma = (text: string): string => text.replaceAll(',', '_')
