// Every capture of a folder with so many mutations each: bits flipped, cut, blocks shuffled, lengths that lie.
//
// None may crash, hang or say that something is certain whose evidence the mutation destroyed. That is judged so: an
// incident that is certain of a mutated capture must be certain of the capture as it was, with the same cause; or one
// of the frames that it rests on must be new: then the mutated capture itself shows it. Else it rests on what is no
// longer there.
import { readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Bytes, Incident, Packet } from '@pcap-surgery/core'
import { createCaptureReader } from '../../packages/core/src/capture/open.ts'
import { type Answer, checkAnswer } from './checks.ts'
import { cut, edge, flipBit, mutated, shuffle } from './mutate.ts'
import { mutatedPackets, recordsOf } from './packets.ts'
import { Random, seedOf } from './random.ts'

const PATIENCE = 5000
const LARGEST = 3_000_000

/** Answers how many findings there are, having told each. */
export async function mutateAll(folder: string, times: number, seed: number): Promise<number> {
  let findings = 0
  let runs = 0
  const files = capturesIn(folder)
  const begin = performance.now()
  for (const file of files) {
    const bytes = readFileSync(`${folder}/${file}`)
    if (bytes.length > LARGEST) continue
    for (const finding of await mutateOne(file, new Uint8Array(bytes), times, seed)) {
      console.log(`FINDING ${finding}`)
      findings++
    }
    runs += times
  }
  const minutes = (performance.now() - begin) / 60_000
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(
    `${files.length} files, ${runs} mutated captures in ${minutes.toFixed(1)} minutes, ${memory} MB, ${findings} findings`,
  )
  return findings
}

/** Names of the captures in a folder. */
export const capturesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => /\.(pcap|pcapng|snoop)(\.gz)?$/.test(file))
    .toSorted()

/** What is wrong with what is said of the mutated captures, a line each. */
export async function mutateOne(file: string, original: Bytes, times: number, seed: number): Promise<string[]> {
  const findings: string[] = []
  const random = new Random(seedOf(file, seed))
  const plain = file.endsWith('.gz') ? new Uint8Array(gunzipSync(original)) : original
  const whole = await checkAnswer([plain], 1 << 20)
  const known = fingerprints(plain)
  for (let n = 0; n < times; n++) {
    const isPlain = plain === original || !random.oneIn(4)
    const input = mutation(isPlain ? plain : original, random)
    const begin = process.cpuUsage()
    try {
      const answer = await checkAnswer([input], 1 << 16)
      for (const wrong of isPlain ? unfounded(whole, known, answer, input) : []) {
        findings.push(`${file}, seed ${seed}, mutation ${n}: ${wrong}`)
      }
    } catch (error) {
      findings.push(`${file}, seed ${seed}, mutation ${n}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    const { user, system } = process.cpuUsage(begin)
    const took = Math.round((user + system) / 1000)
    if (took > PATIENCE) findings.push(`${file}, seed ${seed}, mutation ${n}: took ${took} ms of the processor`)
  }
  return findings
}

function mutation(input: Bytes, random: Random): Bytes {
  const records = random.oneIn(2) ? recordsOf(input) : null
  if (records !== null) return mutatedPackets(records, random, input)
  let b: Bytes = input.slice()
  const kind = random.pick([flipBit, cut, shuffle, edge])
  // A file cut once is cut; bits flip in any number.
  for (let n = kind === cut ? 1 : random.few(20); n > 0; n--) b = kind(b, random)
  return random.oneIn(10) ? mutated(b, random, input) : b
}

/** Certain incidents that neither the capture as it was nor anything new in the mutated one bears out. */
function unfounded(whole: Answer, known: ReadonlySet<string>, { document }: Answer, input: Bytes): string[] {
  const certain = [...document.incidents, ...document.masked].filter(({ confidence }) => confidence === 'certain')
  if (certain.length === 0) return []
  const before = [...whole.document.incidents, ...whole.document.masked]
  const frames = framesOf(input)
  return certain.flatMap((incident) => {
    const same = before.some(
      (one) => isSame(one, incident) && one.cause === incident.cause && one.confidence === 'certain',
    )
    if (same) return []
    const cited = incident.findings.flatMap((finding) => finding.frames).map(({ frame }) => frames[frame - 1]!)
    if (cited.some((fingerprint) => !known.has(fingerprint))) return []
    const said = before.find((one) => isSame(one, incident))
    const then = said === undefined ? 'nothing' : `${said.cause} (${said.confidence})`
    return [`${incident.cause} (certain) of ${incident.client} ${incident.path}, where the whole capture says ${then}`]
  })
}

const isSame = (a: Incident, b: Incident): boolean =>
  a.client === b.client && a.proxyBack === b.proxyBack && a.upstream === b.upstream && a.path === b.path

/** Each frame's bytes and time as one text. */
function framesOf(bytes: Bytes): string[] {
  const frames: string[] = []
  const sink = {
    packet: (p: Packet): void => {
      frames.push(`${p.seconds}.${p.nanoseconds} ${Buffer.from(p.bytes.subarray(p.at, p.end)).toString('latin1')}`)
    },
  }
  const reader = createCaptureReader()
  reader.push(bytes, sink)
  reader.end(sink)
  return frames
}

const fingerprints = (bytes: Bytes): Set<string> => new Set(framesOf(bytes))
