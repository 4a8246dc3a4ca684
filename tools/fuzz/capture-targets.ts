// Targets of whole captures beside the diagnosis: what is written, and what must come to the same.
import {
  Anonymiser,
  type Bytes,
  capturePlan,
  type CaptureWriter,
  copy,
  correlate,
  diagnose,
  type DiagnosisDocument,
  type Incident,
  joinShares,
  KeyedPseudonyms,
  LinkTypesDiffer,
  LiveCapture,
  merge,
  type MergeSource,
  nobleCrypto,
  observe,
  type ObserveOptions,
  parseFilter,
  pcapWriter,
  shifted,
  Watch,
} from '@pcap-surgery/core'
import { gunzip } from '../../packages/cli/src/io/gzip.ts'
import { answerOf, checkAnswer, checkDocument, chunks, isCompressed, must } from './checks.ts'
import { LONGEST } from './mutate.ts'
import { partsOf } from './parts.ts'
import type { Target } from './targets.ts'
import { choice, mustBeGood, pcapng, read, written } from './written.ts'

const decompression = { gzip: gunzip }
const observing: ObserveOptions = { decompression, crypto: nobleCrypto }

/** What stands for a packet is as long as it, and as late. */
async function anonymised(input: Bytes): Promise<void> {
  const [capture = input] = partsOf(input)
  const plain = await written(pcapng, (writer) => copied(capture, writer, false))
  const { packets } = read(plain)
  const anonymiser = new Anonymiser(new KeyedPseudonyms(Uint8Array.of(1, 2, 3)))
  const cut = await written(pcapng, (writer) => anonymiser.cut(() => chunks(plain, 4096), writer))
  const kept = mustBeGood(cut, packets.length)
  const other = kept.findIndex((packet, i) => packet !== packets[i])
  must(other < 0, `packet ${other} was ${packets[other]} and is ${kept[other]}`)
}

const copied = (capture: Bytes, writer: CaptureWriter, resume: boolean): ReturnType<typeof copy> =>
  copy({ open: () => chunks(capture, 1000) }, writer, { decompression, chooser: null, retime: null, resume })

/** A copy is whole, and a copy of it has the same packets; behind damage there may be more, but not less. */
async function copies(input: Bytes): Promise<void> {
  const [capture = input] = partsOf(input)
  const make = input.length % 3 === 0 ? pcapWriter : pcapng
  const counts: number[] = []
  for (const resume of [false, true]) {
    let count = 0
    try {
      const once = await written(make, async (writer) => {
        count = (await copied(capture, writer, resume)).written
      })
      if (once.length > 16 * LONGEST) return
      const packets = mustBeGood(once, count)
      const twice = await written(make, (writer) => copied(once, writer, resume))
      must(mustBeGood(twice, count).join() === packets.join(), 'the copy of a copy has other packets')
    } catch (error) {
      if (!(error instanceof LinkTypesDiffer)) throw error
      // A pcap file has one link type; behind the damage there may be a second one.
      return
    }
    counts.push(count)
  }
  must(counts[1]! >= counts[0]!, `${counts[0]} packets before the damage, ${counts[1]} with those behind it`)
}

async function merged(input: Bytes): Promise<void> {
  const captures = partsOf(input).slice(0, 5)
  const sources = captures.map((bytes, i): MergeSource => ({
    name: `${i}.pcap`,
    retime: i === 1 ? shifted({ seconds: 1, nanoseconds: 5 }, 20) : null,
    open: () => chunks(bytes, 700 + i),
  }))
  let count = 0
  const all = await written(pcapng, async (writer) => {
    count = (await merge(sources, writer, { decompression })).reduce((sum, { written: own }) => sum + own, 0)
  })
  mustBeGood(all, count)
}

/** What is said of a capture while it grows comes to what is said of the whole. */
async function watched(input: Bytes): Promise<void> {
  const [capture = input] = partsOf(input)
  const random = choice(input)
  const step = Math.max(1 + random.below(capture.length), capture.length >> 5)
  const told = new Map<string, Incident>()
  const hear = (news: ReturnType<Watch['look']>): void => {
    for (const { incident, isWithdrawn } of news) {
      if (isWithdrawn) told.delete(incident.id)
      else told.set(incident.id, incident)
    }
  }
  async function* growing(): AsyncGenerator<Bytes> {
    for await (const chunk of chunks(capture, step)) {
      yield chunk
      if (random.oneIn(2)) hear(watch.look(random.below(4)))
    }
  }
  const live = new LiveCapture({ file: '0.pcap', open: growing }, observing)
  const watch: Watch = new Watch(live, { horizonSeconds: Infinity, graceSeconds: random.below(3), vantage: null })
  const { told: last, document } = watch.end(await live.read())
  hear(last)
  const { document: whole } = await answerOf([capture], null, isCompressed(capture) ? step : 1 << 20)
  mustBeSame(document, whole, 'as it was watched')
  checkDocument(document)
  const said = [...told.values()].map(inShort).toSorted()
  const right = [...whole.incidents, ...whole.masked].map(inShort).toSorted()
  must(JSON.stringify(said) === JSON.stringify(right), `told was ${said.join(', ')}; it is ${right.join(', ')}`)
}

const inShort = ({ time, client, proxyBack, upstream, cause, confidence }: Incident): string =>
  `${time} ${client} ${proxyBack} ${upstream} ${cause} ${confidence}`

/** No platform says where zlib found damage; what is told is how much it had been given, which depends on the chunks. */
const GZIP_DAMAGE = /at byte \d+: the gzip data is cut/g

function mustBeSame(one: DiagnosisDocument, other: DiagnosisDocument, how: string): void {
  const [a, b] = [one, other].map((document) =>
    JSON.stringify(document).replaceAll(GZIP_DAMAGE, 'the gzip data is cut'),
  ) as [string, string]
  if (a === b) return
  const at = [...a].findIndex((char, i) => char !== b[i])
  must(
    false,
    `${how} it is ${a.slice(Math.max(0, at - 60), at + 60)}\nand else ${b.slice(Math.max(0, at - 60), at + 60)}`,
  )
}

/** Threads that observe a share each say together what one says. */
async function shared(input: Bytes): Promise<void> {
  const [capture = input] = partsOf(input)
  const of = 2 + (input.length % 3)
  const file = { file: '0.pcap', open: () => chunks(capture, 1 << 16) }
  const shares = []
  for (let index = 0; index < of; index++) shares.push(await observe([file], { ...observing, share: { index, of } }))
  const { document } = await answerOf([capture], null, 1 << 20)
  mustBeSame(diagnose(correlate([joinShares(shares)])), document, `in ${of} shares`)
}

/** A capture beside a copy of itself by another clock, which began later and ended sooner: it shows no more than it did. */
async function reclocked(input: Bytes): Promise<void> {
  const [capture = input, ...others] = partsOf(input)
  const random = choice(input)
  const by = { seconds: random.below(7) - 3, nanoseconds: random.below(1e9) }
  const retime = shifted(by, random.pick([0, 0, 20, -100, 400]))
  const { packets } = read(capture)
  const [first, last] = [random.below(packets.length >> 2), packets.length - random.below(packets.length >> 2)]
  let frame = 0
  const wants = (): boolean => frame++ >= first && frame <= last
  const copier = { open: () => chunks(capture, 1 << 16) }
  const copyOf = await written(pcapng, (writer) =>
    copy(copier, writer, { decompression, retime, resume: false, chooser: { wants, last: Infinity } }),
  )
  const { document } = await checkAnswer([capture, copyOf], 1 << 16)
  const { document: alone } = await answerOf([capture], null, 1 << 16)
  const known = new Set([...alone.incidents, ...alone.masked].filter(isCertain).map(({ cause }) => cause))
  for (const one of [...document.incidents, ...document.masked].filter(isCertain)) {
    must(known.has(one.cause), `${one.cause} is certain beside a copy, of which the capture alone says something else`)
  }
  // What a tap or an attacker changed is another capture: nothing is claimed of it but that there is an answer.
  if (others.length > 0) await checkAnswer([copyOf, others[0]!], 1 << 16)
}

const isCertain = ({ confidence }: Incident): boolean => confidence === 'certain'

/** Words, as options: no more commands than hosts and steps, a line each, that name what they were told. */
function planned(input: Bytes): void {
  const words = Buffer.from(input).toString('latin1').split(/[\s,]/u).slice(0, 40)
  const endpoint = (i: number): { address: string; port: number | null } => ({
    address: words[i % words.length]!,
    port: i % 3 === 0 ? null : (input[i] ?? 0) * 257,
  })
  const plan = capturePlan({
    proxy: endpoint(0),
    upstreams: words.map((_, i) => endpoint(i + 1)),
    clients: words.slice(3, 6).map((_, i) => endpoint(i)),
    nameServer: words.length > 4 ? endpoint(4) : null,
    seconds: input.length,
    megabytes: input[0] ?? 1,
    windows: input.length % 2 === 0 ? ['upstream'] : [],
  })
  must(plan.steps.length <= 8 + 4 * words.length, `${plan.steps.length} steps for ${words.length} hosts`)
  for (const word of words) parseFilter(`host ${word}`)
}

/** In which captures are changed packet by packet. */
export const OF_CAPTURES: readonly string[] = ['anonymise', 'copy', 'merge', 'watch', 'shares', 'clocks']

const RUNS: { readonly [name: string]: Target['run'] } = {
  anonymise: anonymised,
  copy: copies,
  merge: merged,
  watch: watched,
  shares: shared,
  clocks: reclocked,
}

export const captureTargets = (mutate: NonNullable<Target['mutate']>): Target[] =>
  OF_CAPTURES.map((name) => ({
    name,
    seeds: (from) => from.scenarios.filter(({ length }) => length < LONGEST / 4),
    mutate,
    run: RUNS[name]!,
  }))

export const planTarget: Target = {
  name: 'capture-plan',
  seeds: () => ['10.0.0.1 10.0.0.2 fe80::1%eth0 app.internal', '::1,1.2.3.4'].map((text) => Buffer.from(text)),
  run: planned,
}
