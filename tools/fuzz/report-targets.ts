// Targets of what is shown of captures: reports, ladders, frames, what is in a file, and what is told while it grows.
import {
  type Bytes,
  describeCapture,
  type DiagnosisDocument,
  dissect,
  INFO_SCHEMA,
  type InfoDocument,
  LiveCapture,
  nobleCrypto,
  observe,
  parseKeyLog,
  readFrames,
  type Told,
  Watch,
} from '@pcap-surgery/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { gunzip } from '../../packages/cli/src/io/gzip.ts'
import { renderInfo } from '../../packages/cli/src/render/info.ts'
import { ndjsonOf } from '../../packages/cli/src/render/ndjson.ts'
import { renderEnd, renderTold } from '../../packages/cli/src/render/text.ts'
import { answerOf, checkAnswer, checkDocument, chunks, isCompressed, isKeys, must } from './checks.ts'
import { LONGEST } from './mutate.ts'
import { partsOf } from './parts.ts'
import { checkReports } from './report-checks.ts'
import type { Target } from './targets.ts'
import { choice } from './written.ts'

const decompression = { gzip: gunzip }

/** Captures and key logs together, in all formats. No format tells a secret. */
async function reported(input: Bytes): Promise<number> {
  const random = choice(input)
  return checkReports(await checkAnswer(partsOf(input), 1 << 16), random)
}

/** Frames read again are those that were observed, however the file is split; each is taken apart. */
async function framesAgain(input: Bytes): Promise<number> {
  const [capture = input] = partsOf(input)
  const random = choice(input)
  const sizes = isCompressed(capture) ? [700, 700] : [1 << 20, 1 + random.below(999)]
  const first = { file: '0.pcap', open: () => chunks(capture, sizes[0]!) }
  const { frames: count } = await observe([first], { decompression })
  const wanted = new Set(Array.from({ length: 40 }, () => 1 + random.below(count + 2)))
  const [whole, split] = await Promise.all(
    sizes.map((size) => readFrames({ open: () => chunks(capture, size) }, wanted, { decompression })),
  )
  must(whole!.size === split!.size, `${whole!.size} frames of ${count} read whole, ${split!.size} in pieces`)
  let fields = 0
  for (const { frame, bytes, linkType, wireLength } of whole!.values()) {
    must(wanted.has(frame) && frame <= count, `frame ${frame} of ${count}`)
    must(Buffer.compare(bytes, split!.get(frame)?.bytes ?? new Uint8Array(0)) === 0, `frame ${frame} has other bytes`)
    for (const layer of dissect(bytes, linkType, wireLength)) fields += layer.fields.length
  }
  return 16 * fields
}

const isInfo = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(INFO_SCHEMA)

async function informed(input: Bytes): Promise<void> {
  const captures = await Promise.all(
    partsOf(input).map(async (capture, i) => ({
      file: `${i}.pcap`,
      bytes: capture.length,
      sha256: '0'.repeat(64),
      ...(await describeCapture({ open: () => chunks(capture, 1 + (input.length % 5000)) }, decompression)),
    })),
  )
  const document: InfoDocument = { schema: 'pcap-surgery/info@1', captures }
  must(isInfo(JSON.parse(JSON.stringify(document))), `it does not conform: ${JSON.stringify(isInfo.errors?.[0])}`)
  const control = /[^\P{C}\n]/u.exec(renderInfo(document))
  must(control === null, `the text has U+${control?.[0].codePointAt(0)?.toString(16)}`)
}

/** A capture that goes on, looked at with a horizon: what is told names what was told before, once each. */
async function followed(input: Bytes): Promise<void> {
  const parts = partsOf(input)
  const capture = parts.find((part) => !isKeys(part)) ?? input
  const logs = parts.filter(isKeys).map((part) => Buffer.from(part).toString('latin1'))
  const random = choice(input)
  const told = new Map<string, Told>()
  const style = { width: 80, colour: false, checklist: random.oneIn(2), all: false }
  const hear = (news: readonly Told[]): void => {
    for (const one of news) {
      const { incident, revision, isWithdrawn } = one
      const before = told.get(incident.id)
      must(revision === (before === undefined ? 0 : before.revision + 1), `${incident.id} in revision ${revision}`)
      must(!isWithdrawn || before?.isWithdrawn === false, `${incident.id} is withdrawn, and was not there`)
      told.set(incident.id, one)
      const text = renderTold('0.pcap', one, style) + ndjsonOf(one)
      const control = /[^\P{C}\n]/u.exec(text)
      must(control === null, `the text has U+${control?.[0].codePointAt(0)?.toString(16)}`)
    }
  }
  const size = Math.max(1 + random.below(5000), capture.length >> 5)
  async function* growing(): AsyncGenerator<Bytes> {
    for await (const chunk of chunks(capture, size)) {
      yield chunk
      if (random.oneIn(2)) hear(watch.look(random.below(4)))
    }
  }
  const live = new LiveCapture(
    { file: '0.pcap', open: growing },
    { decompression, crypto: nobleCrypto, ...(logs.length > 0 && { keys: parseKeyLog(logs.join('\n')) }) },
  )
  const horizonSeconds = random.pick([0, 0.1, 1, 10, 60])
  const watch: Watch = new Watch(live, { horizonSeconds, graceSeconds: random.below(3), vantage: null })
  const { told: last, document } = watch.end(await live.read())
  hear(last)
  checkDocument(document)
  renderEnd(document, told.size, style)
  if (isCompressed(capture)) return
  const { document: whole } = await answerOf([capture], null, 1 << 20)
  must(document.captures[0]?.frames === whole.captures[0]?.frames, 'frames are forgotten')
}

/** Two captures say the same whichever is named first, but for what is counted from the first. */
async function eitherWay(input: Bytes): Promise<void> {
  const captures = partsOf(input).filter((part) => !isKeys(part))
  if (captures.length !== 2) return
  const [one, other] = await Promise.all([captures, captures.toReversed()].map((list) => answerOf(list, null, 1 << 16)))
  const [a, b] = [inShort(one!.document), inShort(other!.document)]
  must(a === b, `as they are: ${a}\nthe other way: ${b}`)
}

const inShort = ({ incidents, masked }: DiagnosisDocument): string =>
  [...incidents, ...masked]
    .map(({ client, proxyBack, upstream, status, path, cause }) =>
      [client, proxyBack, upstream, status, path, cause].join(' '),
    )
    .toSorted()
    .join(', ')

/** In which captures are changed packet by packet. */
export const OF_REPORTS: readonly string[] = ['reports', 'frames', 'info', 'follow', 'either-way']

const RUNS: { readonly [name: string]: Target['run'] } = {
  reports: reported,
  frames: framesAgain,
  info: informed,
  follow: followed,
  'either-way': eitherWay,
}

export const reportTargets = (mutate: NonNullable<Target['mutate']>): Target[] =>
  OF_REPORTS.map((name) => ({
    name,
    seeds: (from) => from.scenarios.filter(({ length }) => length < LONGEST / 4),
    mutate,
    run: RUNS[name]!,
  }))
