// Opens files: captures are observed, each by itself or as the rotated one that they are, and diagnosed together.
import {
  type Bytes,
  correlate,
  diagnose,
  KeyLog,
  nobleCrypto,
  type Observations,
  observe,
  observeApart,
  observeFiles,
  type ObservedFiles,
  type ObserveJob,
  type ObserveJobs,
  type ObserveOptions,
  placesWithin,
} from '@pcap-surgery/core'
import type { FileReport, InputFile, Opened, Part } from '../session/protocol.ts'
import { bytesOf } from './bytes.ts'
import { decompression } from './gzip.ts'
import { copyOf, keyLogIn, uniqueNames } from './inputs.ts'
import type { Session } from './session.ts'
import type { Context } from './worker.ts'

/** Milliseconds between two messages about progress, and between two times that the page is listened to. */
const PERIOD = 100
/** Incidents that the page takes in at once: of some kilobytes each, in a few milliseconds. */
const PART = 100
/** Bytes that are read without listening. */
const STEP = 128 * 1024

/** Lets messages come in, and go out. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve)
  })

/** `before`: what is open, of which is kept what need not be read again. */
export async function openFiles(
  before: Session | null,
  files: InputFile[],
  context: Context,
): Promise<{ session: Session | null; answer: Opened }> {
  const names = uniqueNames(files)
  const reports = new Map<InputFile, FileReport>()
  const report = (file: InputFile, of: Pick<FileReport, 'is'> & Partial<FileReport>): void => {
    reports.set(file, { id: file.id, name: names.get(file)!, size: file.size, text: null, faults: [], ...of })
  }

  const keys = new KeyLog()
  const keyFiles: InputFile[] = []
  const captures: InputFile[] = []
  for (const file of files) {
    const original = await copyOf(file, [...captures, ...keyFiles])
    if (original !== null) {
      report(file, { is: 'duplicate', text: `has the same bytes as ${names.get(original)!}, and is left out` })
      continue
    }
    const log = await keyLogIn(file)
    if (log === null) {
      captures.push(file)
      continue
    }
    keys.merge(log)
    keyFiles.push(file)
    const { malformed, malformedLines } = log.faults
    const text = `lines that are no key log lines: ${malformed}, the first is line ${malformedLines[0]}`
    report(file, { is: 'key-log', text: malformed > 0 ? text : null })
  }

  const keyed = keyFiles.map(({ id }) => id).join(' ')
  const known = before !== null && before.keyed === keyed ? before.observed : new Map<string, Observations[]>()
  const byName = new Map(captures.map((file) => [names.get(file)!, file]))
  const reading = new ReadingOfFiles(byName, keys, known, context)
  const { observations, ids, named, files: read } = await reading.all()
  for (const { file, error, faults } of read) {
    if (error === NOT_READ) report(byName.get(file)!, { is: 'not-read' })
    else if (error !== null) report(byName.get(file)!, { is: 'unreadable', text: error.message })
    else report(byName.get(file)!, { is: 'capture', faults })
  }
  const told = files.map((file) => reports.get(file)!)
  const isStopped = context.isCancelled()
  if (observations.length === 0) return { session: null, answer: { document: null, isStopped, files: told } }

  await reading.diagnosing()
  const story = correlate(observations, { ids, vantages: placesWithin({ ids, named }) })
  const document = diagnose(story)
  return {
    session: {
      captures: named.map(({ file, within }) => ({ file: byName.get(file)!, within })),
      keys: keys.size === 0 ? null : keys,
      observations,
      story,
      document,
      keyed,
      observed: reading.observed,
    },
    answer: { document, isStopped, files: told },
  }
}

/** Tells the incidents of the document, and answers the rest. */
export function inParts(opened: Opened, tell: (part: Part) => void): Opened {
  const { document } = opened
  if (document === null) return opened
  for (const list of ['incidents', 'masked'] as const) {
    for (let at = 0; at < document[list].length; at += PART) {
      tell({ list, incidents: document[list].slice(at, at + PART) })
    }
  }
  return { ...opened, document: { ...document, incidents: [], masked: [] } }
}

/** Stopped before it was its turn. */
const NOT_READ = new Error('not read')

class ReadingOfFiles {
  /** What was read to its end, by job; what is known from before with it. */
  readonly observed = new Map<string, Observations[]>()
  readonly #files: ReadonlyMap<string, InputFile>
  readonly #known: ReadonlyMap<string, Observations[]>
  readonly #context: Context
  readonly #options: ObserveOptions
  #bytes = 0
  #total: number | null = 0
  /** Of the files that were read to their ends, and of the one that is being read. */
  #before = { frames: 0, failures: 0 }
  #current = { frames: 0, failures: 0 }
  #told = -Infinity

  constructor(
    files: ReadonlyMap<string, InputFile>,
    keys: KeyLog,
    known: ReadonlyMap<string, Observations[]>,
    context: Context,
  ) {
    this.#files = files
    this.#known = known
    this.#context = context
    this.#options = {
      decompression,
      keys,
      crypto: nobleCrypto,
      onProgress: ({ frames, gatewayErrors }) => {
        this.#current = { frames, failures: gatewayErrors }
        this.#tell()
      },
      isStopped: () => context.isCancelled(),
    }
  }

  async all(): Promise<ObservedFiles> {
    const files = [...this.#files.keys()]
    const observing: ObserveJobs = (jobs) => this.#observeJobs(jobs)
    try {
      return await observeFiles(files, observing, () => Promise.resolve(!this.#context.isCancelled()))
    } catch (error) {
      if (error !== NOT_READ) throw error
      // Stopped while the files of a rotated capture were read again: they are as good apart as they were before.
      return observeFiles(files, observing, () => Promise.resolve(false))
    }
  }

  async #observeJobs(jobs: readonly ObserveJob[]): Promise<(Observations[] | Error)[]> {
    const fresh = jobs.filter((job) => !this.#known.has(this.#nameOf(job)))
    for (const { size } of fresh.flatMap(({ files }) => files.map((file) => this.#files.get(file)!)))
      this.#total = size === null || this.#total === null ? null : this.#total + size
    const results: (Observations[] | Error)[] = []
    for (const job of jobs) results.push(await this.#observe(job))
    return results
  }

  /** A pause, in which the page is told that what comes next can neither be stopped nor counted. */
  async diagnosing(): Promise<void> {
    this.#tell('diagnosing')
    await pause()
  }

  async #observe(job: ObserveJob): Promise<Observations[] | Error> {
    const name = this.#nameOf(job)
    const known = this.#known.get(name) ?? this.observed.get(name)
    if (known !== undefined) {
      this.observed.set(name, known)
      return known
    }
    if (this.#context.isCancelled()) return NOT_READ
    const inputs = job.files.map((file) => ({ file, open: () => this.#counted(this.#files.get(file)!) }))
    this.#current = { frames: 0, failures: 0 }
    const seen = job.apart ? await observeApart(inputs[0]!, this.#options) : [await observe(inputs, this.#options)]
    if (!job.apart) return this.#context.isCancelled() ? NOT_READ : this.#kept(name, seen)
    this.#before.frames += this.#current.frames
    this.#before.failures += this.#current.failures
    this.#current = { frames: 0, failures: 0 }
    const [{ frames, parts }] = seen
    const fault = parts[0]!.faults.find(({ fatal }) => fatal)
    return frames === 0 && fault !== undefined ? new Error(fault.text) : this.#kept(name, seen)
  }

  #kept(name: string, seen: Observations[]): Observations[] {
    if (!this.#context.isCancelled()) this.observed.set(name, seen)
    return seen
  }

  #nameOf({ files, apart }: ObserveJob): string {
    return `${apart} ${JSON.stringify(files.map((file) => [this.#files.get(file)!.id, file]))}`
  }

  async *#counted(file: InputFile): AsyncGenerator<Bytes> {
    let heard = performance.now()
    for await (const chunk of bytesOf(file)) {
      // Compressed bytes may be a thousand times as many.
      for (let at = 0; at < chunk.length; at += STEP) {
        const part = chunk.subarray(at, at + STEP)
        this.#bytes += part.length
        yield part
        if (performance.now() < heard + PERIOD) continue
        await pause()
        heard = performance.now()
      }
    }
  }

  #tell(stage: 'reading' | 'diagnosing' = 'reading'): void {
    const now = performance.now()
    if (stage === 'reading' && now < this.#told + PERIOD) return
    this.#told = now
    this.#context.progress({
      stage,
      bytes: this.#bytes,
      total: this.#total,
      frames: this.#before.frames + this.#current.frames,
      failures: this.#before.failures + this.#current.failures,
    })
  }
}
