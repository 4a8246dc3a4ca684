// Captures whose causes are known, from a fault lab beside this repository, for the tests that judge by them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import {
  type Bytes,
  correlate,
  diagnose,
  type DiagnosisDocument,
  nobleCrypto,
  type Observations,
  observe,
  parseKeyLog,
} from '@pcap-surgery/core'

const FOLDER = fileURLToPath(new URL('../../shared/captures/', import.meta.url))

/** False where the captures are not there, which is said once: then nobody counts right and wrong answers. */
export const areThere: boolean = existsSync(FOLDER)
if (!areThere) console.warn(`SKIPPED: no labelled captures in ${FOLDER}, nobody counts right and wrong answers`)

/** A failure as the lab knows it. `client_leg` is set where no capture shows that leg in plaintext. */
export interface Known {
  status: number | null
  client: string | null
  proxy_front: string | null
  proxy_back: string | null
  upstream: string | null
  path: string
  cause: string
  accept: string[]
  attempts: KnownLeg[]
  client_leg?: string
  /** Behind address translation: the upstream leg as the upstream's capture shows it. */
  upstream_seen_as?: { proxy_back: string; upstream: string }
  /** In chains: what each proxy did, and where those behind the first listen. */
  hops?: { listens?: string; upstream: string | null; cause: string }[]
}

interface KnownLeg {
  upstream: string
  proxy_back?: string
  /** `ok` of a try that went well. */
  cause?: string
}

export interface Truth {
  /** `skew_s`, `drift_ppm`, `step_s`: the lab changed the clock of the file. */
  captures: { file: string; vantage: string; skew_s?: number; drift_ppm?: number; step_s?: number }[]
  incidents: Known[]
  /** Failures that the proxy dressed as something else: right when reported, right when not. */
  optional?: Known[]
  masked?: { path: string; attempts: KnownLeg[] }[]
  /** Secrets of the TLS sessions, a file beside the captures. */
  keylog?: string
}

/** Names of all scenarios, and what is true of one. */
export const scenarioNames = (): string[] =>
  areThere ? readdirSync(FOLDER).filter((name) => existsSync(`${FOLDER}${name}/truth.json`)) : []

/** Where the captures of a scenario lie. */
export const folderOf = (name: string): string => `${FOLDER}${name}`

export function truthOf(name: string): Truth {
  const truth = JSON.parse(readFileSync(`${FOLDER}${name}/truth.json`, 'utf8')) as Truth
  // Of optional failures the lab does not always tell the tries.
  return { ...truth, optional: (truth.optional ?? []).map((one) => ({ ...one, attempts: one.attempts ?? [] })) }
}

/** A capture that lacks the packets of which `isLost`, asked once a packet, says so. */
export interface Loss {
  file: string
  isLost: () => boolean
}

/** Diagnoses the captures of a scenario together, with its key log if there is one and it is wanted. */
export async function diagnosed(name: string, withKeys = true, loss: Loss | null = null): Promise<DiagnosisDocument> {
  return diagnose(correlate((await observed(name, withKeys, loss)).map(({ observations }) => observations)))
}

/**
 * What the capture of each vantage shows, with the scenario's key log if there is one and it is wanted. `change` makes
 * other files of them.
 */
export async function observed(
  name: string,
  withKeys = true,
  loss: Loss | null = null,
  change: (file: Bytes, vantage: string) => Bytes = (file) => file,
): Promise<{ vantage: string; observations: Observations }[]> {
  const truth = truthOf(name)
  const log = withKeys && truth.keylog !== undefined ? readFileSync(`${FOLDER}${name}/${truth.keylog}`, 'latin1') : ''
  const keys = parseKeyLog(log)
  const all: { vantage: string; observations: Observations }[] = []
  for (const [vantage, files] of captureFiles(truth)) {
    const inputs = files.map((file) => {
      const bytes = readFileSync(`${FOLDER}${name}/${file}`)
      return { file, open: () => whole(change(file === loss?.file ? without(bytes, loss.isLost) : bytes, vantage)) }
    })
    all.push({ vantage, observations: await observe(inputs, { decompression: { gzip }, keys, crypto: nobleCrypto }) })
  }
  return all
}

/** The parts of a rotated capture lie under one vantage, in order of time; every other file is a capture. */
function captureFiles({ captures }: Truth): Map<string, string[]> {
  const byVantage = new Map<string, string[]>()
  for (const { file, vantage } of captures) byVantage.set(vantage, [...(byVantage.get(vantage) ?? []), file])
  return byVantage
}

/** A little-endian pcap file without some of its packets; any other file as it is. */
function without(file: Buffer, isLost: () => boolean): Bytes {
  const isPcap = file.length >= 24 && [0xa1b2c3d4, 0xa1b23c4d].includes(file.readUInt32LE(0))
  if (!isPcap) return file
  const kept = [file.subarray(0, 24)]
  for (let at = 24, end; at + 16 <= file.length; at = end) {
    end = at + 16 + file.readUInt32LE(at + 8)
    if (!isLost()) kept.push(file.subarray(at, end))
  }
  return Buffer.concat(kept)
}

async function* whole(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes
}

async function* gzip(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  const parts: Bytes[] = []
  for await (const chunk of source) parts.push(chunk.slice())
  yield gunzipSync(Buffer.concat(parts))
}
