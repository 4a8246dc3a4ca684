// The loop: take an input, change it, run the target, keep what reaches new code.
import type { Bytes } from '@pcap-surgery/core'
import type { Coverage } from './coverage.ts'
import { minimised } from './minimise.ts'
import { mutated } from './mutate.ts'
import { Random, seedOf } from './random.ts'
import type { Seeds } from './seeds.ts'
import type { Target } from './targets.ts'

/** Runs between two looks at the counters: looking takes longer than most runs. */
const BATCH = 50
/** Blocks that one byte may cost, and that any input may: by far more than an honest input takes. */
const WORK_PER_BYTE = 5000
const WORK_ALWAYS = 5_000_000
/** Inputs that may be changed further. Behind the seeds, the oldest makes room. */
const CORPUS = 3000
/** Where nothing tells what is new, one run of so many is taken for it. */
const DRIFT = 20

export interface Finding {
  target: string
  message: string
  input: Bytes
  /** Number of the run that found it. */
  run: number
}

export interface Report {
  runs: number
  /** Inputs kept beside the seeds, and blocks of code reached. */
  kept: number
  blocks: number
}

export interface FuzzOptions {
  seed: number
  /** Null: nothing guides, and a seed gives the same inputs every time. */
  coverage: Coverage | null
  /** Asked before each run. */
  isOver: (runs: number) => boolean
  /** Told the input before each run, for whoever watches over those that never end. */
  watch: (input: Bytes) => void
  found: (finding: Finding) => void
}

export async function fuzz(target: Target, seeds: Seeds, options: FuzzOptions): Promise<Report> {
  const { coverage, isOver, watch } = options
  const random = new Random(seedOf(target.name, options.seed))
  const corpus = [...target.seeds(seeds), new Uint8Array(0)]
  const count = corpus.length
  const known = new Set<string>()
  let runs = 0
  let batch: Bytes[] = []

  const attempt = async (input: Bytes): Promise<{ message: string | null; extra: number }> => {
    watch(input)
    try {
      return { message: null, extra: (await target.run(input)) ?? 0 }
    } catch (error) {
      return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), extra: 0 }
    }
  }
  const report = async (input: Bytes, message: string): Promise<void> => {
    const kind = kindOf(message)
    if (known.has(kind)) return
    known.add(kind)
    const isSame = async (smaller: Bytes): Promise<boolean> => kindOf((await attempt(smaller)).message ?? '') === kind
    options.found({ target: target.name, message, input: await minimised(target.name, input, isSame), run: runs })
  }
  const keep = (input: Bytes): void => {
    if (corpus.length - count >= CORPUS) corpus.splice(count, 1)
    corpus.push(input)
  }
  /** Looks for the inputs of a batch that reach new code, or take too long, by running ever smaller parts of it again. */
  const look = async (inputs: readonly Bytes[], extra: number): Promise<void> => {
    const { fresh, work } = coverage!.take()
    const bytes = inputs.reduce((sum, { length }) => sum + length, extra)
    const isTooMuch = work > inputs.length * WORK_ALWAYS + WORK_PER_BYTE * bytes
    if (fresh.length === 0 && !isTooMuch) return
    if (inputs.length > 1) {
      const middle = inputs.length >> 1
      for (const half of [inputs.slice(0, middle), inputs.slice(middle)]) {
        let more = 0
        for (const input of half) more += (await attempt(input)).extra
        await look(half, more)
      }
      return
    }
    coverage!.keep(fresh)
    if (fresh.length > 0) keep(inputs[0]!)
    if (isTooMuch) await report(inputs[0]!, `too much work: ${work} blocks for ${bytes} bytes`)
  }

  while (!isOver(runs)) {
    // The seeds first, as they are.
    const input = runs < count ? corpus[runs]! : changed(target, random, corpus)
    runs++
    const { message } = await attempt(input)
    if (message !== null) await report(input, message)
    if (coverage === null) {
      if (runs > count && random.oneIn(DRIFT)) keep(input)
      continue
    }
    if (runs < count) continue
    if (runs === count) coverage.keep(coverage.take().fresh)
    else batch.push(input)
    if (batch.length < BATCH) continue
    await look(batch, Infinity)
    batch = []
  }
  return { runs, kept: corpus.length - count, blocks: coverage?.blocks ?? 0 }
}

function changed(target: Target, random: Random, corpus: readonly Bytes[]): Bytes {
  // Newer ones have reached what the others have not.
  const at = random.oneIn(3)
    ? corpus.length - 1 - random.below(Math.min(corpus.length, 50))
    : random.below(corpus.length)
  const input = corpus[at]!
  const other = random.pick(corpus)
  return target.mutate?.(input, random, other) ?? mutated(input, random, other, target.words)
}

/** What failed and where, without the numbers: the same defect has many messages. */
const kindOf = (message: string): string =>
  message
    .split('\n')
    .filter((line) => !line.includes('node:internal'))
    .slice(0, 3)
    .join('\n')
    .replaceAll(/(?<!:)\b\d+/g, '0')
