// What the program makes of a story: the whole way from the bytes of captures to the document, in words that a test can
// compare.
import { correlate, diagnose, type DiagnosisDocument, type Incident, observe } from '@pcap-surgery/core'
import type { Bytes } from './bytes.ts'
import { gateway, type GatewayScenario } from './gateway.ts'

export interface Judged {
  /** Verdict from captures of both sides of the proxy, and from those with the upstream's own. */
  sides: string
  all: string
  /** Frames of the first finding, from both sides of the proxy, as `capture:frame`; capture 0 is the front. */
  frames: string[]
}

export async function documentOf(...captures: Bytes[]): Promise<DiagnosisDocument> {
  const inputs = captures.map((bytes, n) => [{ file: `${n}.pcap`, open: () => whole(bytes) }])
  return diagnose(
    correlate(
      await Promise.all(inputs.map((files) => observe(files, { decompression: { gzip: (source) => source } }))),
    ),
  )
}

/** Every incident as `cause domain confidence`, then failures that a retry hid as `masked cause ...`; or `none`. */
export async function verdictOf(...captures: Bytes[]): Promise<string> {
  const { incidents, masked } = await documentOf(...captures)
  return [...incidents.map(inShort), ...masked.map((one) => `masked ${inShort(one)}`)].join(', ') || 'none'
}

export async function judged(scenario: GatewayScenario): Promise<Judged> {
  const { front, back, net } = gateway(scenario)
  const { incidents, masked } = await documentOf(front, back)
  const frames = (incidents[0] ?? masked[0])?.findings[0]?.frames ?? []
  return {
    sides: await verdictOf(front, back),
    all: await verdictOf(front, back, net.capture('upstream')),
    frames: frames.map(({ capture, frame }) => `${capture}:${frame}`),
  }
}

const inShort = ({ cause, domain, confidence }: Incident): string => `${cause} ${domain} ${confidence}`

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}
