// Captures observed side by side, and a large one by several threads, where that pays: a thread costs some 100 ms and
// some 100 MB.
import { open, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { joinShares, type KeyLog, type Observations, observe, observeApart, type Share } from '@pcap-surgery/core'
import { nodeCrypto } from './crypto.ts'
import { decompression } from './gzip.ts'
import type { Keys } from './keys.ts'
import { progress } from './progress.ts'
import { openSource } from './source.ts'

/** One capture: a file, which may be a cut of several, or the files of a rotated one. */
export interface Job {
  files: readonly string[]
  /** Answers each capture of a cut by itself. */
  apart: boolean
  /** Nothing is decrypted, not even with secrets that the capture has in it. */
  isSealed: boolean
}

/** What one thread does of a job. */
export interface Task extends Job {
  share: Share | null
}

/** How many threads there may be, and how many bytes keep one busy for longer than it takes to start. */
export interface Threads {
  most: number
  bytesEach: number
}

/**
 * Threads of one capture: each reads all of it, so that a fourth takes some 90 MB and of large frames no 15 % off the
 * time.
 */
const SHARES = 3
/** Room for what is new in a thread's heap: a third of the usual one costs no time. */
const YOUNG_MB = 12

/** The engine's compiler and collector keep half a processor busy for each thread: with fewer, one alone is as fast. */
const PROCESSORS = 4
const processors = availableParallelism()
const THREADS: Threads = { most: processors < PROCESSORS ? 1 : processors, bytesEach: 64 << 20 }

/** Answers for each job its observations, or why there are none. */
export async function observeJobs(
  jobs: readonly Job[],
  keys: Keys | null,
  { most, bytesEach }: Threads = THREADS,
): Promise<(Observations[] | Error)[]> {
  const sizes = await Promise.all(jobs.map(({ files }) => sizeOf(files)))
  const threadsFor = (counted: readonly (number | null)[]): number =>
    Math.max(1, Math.min(most, Math.floor(sumOf(counted) / bytesEach)))
  const isAlone = threadsFor(sizes) === 1
  const counted = isAlone ? sizes : await Promise.all(jobs.map(({ files }, i) => plainSize(files, sizes[i]!)))
  const threads = threadsFor(counted)
  const tasks = jobs.flatMap((job, i) =>
    split(job, i, sizes[i]!, sharesOf((threads * (counted[i] ?? 0)) / sumOf(counted))),
  )
  // The longest first, so that no thread is left alone with it.
  const waiting = tasks.toSorted((a, b) => b.work - a.work)
  const results = new Map<Task, Observations[] | Error>()
  const line = progress(
    tasks.length === 1 ? jobs[0]!.files[0]! : 'captures',
    // Each share reads all of its capture.
    sizes.includes(null) ? null : sumOf(tasks.map(({ size }) => size)),
  )
  const told = new Map<Task, Reading>()
  const report = (task: Task, reading: Reading): void => {
    told.set(task, reading)
    let [bytes, frames] = [0, 0]
    for (const [{ share }, one] of told) {
      bytes += one.bytes
      frames += one.frames / (share?.of ?? 1)
    }
    line.report(bytes, Math.round(frames))
  }
  const workOn = async (how: (task: Task, onProgress: (reading: Reading) => void) => Promise<Observations[]>) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { task } = next
      const result = await how(task, (reading) => report(task, reading)).catch((error: unknown) => error as Error)
      results.set(task, result)
    }
  }
  const workers = Array.from({ length: Math.min(threads, tasks.length) - 1 }, () => new ObserverThread(keys))
  try {
    await Promise.all([
      workOn((task, onProgress) => observeTask(task, keys?.log ?? null, onProgress)),
      ...workers.map((worker) => workOn((task, onProgress) => worker.observe(task, onProgress))),
    ])
  } finally {
    line.done()
    for (const worker of workers) worker.end()
  }
  return jobs.map((_, i) => joined(tasks.flatMap(({ job, task }) => (job === i ? [results.get(task)!] : []))))
}

const sharesOf = (threads: number): number => Math.min(SHARES, Math.round(threads) || 1)

const sumOf = (sizes: readonly (number | null)[]): number => sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)

function split(job: Job, index: number, size: number | null, shares: number): Planned[] {
  return Array.from({ length: shares }, (_, share) => {
    return {
      job: index,
      size,
      work: (size ?? 0) / shares,
      task: { ...job, share: shares === 1 ? null : { index: share, of: shares } },
    }
  })
}

interface Planned {
  job: number
  /** Bytes that are read; null where nobody knows. */
  size: number | null
  work: number
  task: Task
}

/** Bytes of the files as they lie there; null where one is a pipe. Of what is not there, nothing is read. */
async function sizeOf(files: readonly string[]): Promise<number | null> {
  if (files.includes('-')) return null
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)))
  return found.some((one) => one?.isFile() === false) ? null : sumOf(found.map((one) => one?.size ?? 0))
}

/** Null where one thread has to read the files alone: a compressed one is decompressed from its beginning. */
const plainSize = async (files: readonly string[], size: number | null): Promise<number | null> =>
  size !== null && (await Promise.all(files.map(isPlain))).every(Boolean) ? size : null

async function isPlain(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null)
  if (handle === null) return false
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0)
    const magic = new DataView(buffer.buffer).getUint32(0)
    return bytesRead === 4 && PLAIN.has(magic)
  } finally {
    await handle.close()
  }
}

/** pcap in either byte order, with microseconds and with nanoseconds, and pcapng. */
const PLAIN: ReadonlySet<number> = new Set([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a])

function joined(results: readonly (Observations[] | Error)[]): Observations[] | Error {
  const failed = results.find((result) => result instanceof Error)
  if (failed !== undefined) return failed
  const shares = results as Observations[][]
  // A share may have nothing of one of a cut's captures.
  const files = new Map<string, Observations[]>()
  for (const seen of shares.flat()) files.set(seen.parts[0]!.file, [...(files.get(seen.parts[0]!.file) ?? []), seen])
  return [...files.values()].map((parts) => joinShares(parts))
}

/** Bytes read, and frames found in them. */
export interface Reading {
  bytes: number
  frames: number
}

/** Observes in this thread. Throws an Error with a sentence for the user when a file cannot be opened. */
export async function observeTask(
  { files, apart, isSealed, share }: Task,
  keys: KeyLog | null,
  onProgress: (reading: Reading) => void,
): Promise<Observations[]> {
  const sources = await Promise.all(files.map((file) => openSource(file)))
  const inputs = files.map((file, i) => ({ file, open: () => sources[i]!.chunks }))
  const options = {
    decompression,
    ...(isSealed ? {} : { crypto: nodeCrypto }),
    ...(keys === null ? {} : { keys }),
    ...(share === null ? {} : { share }),
    onProgress: ({ frames }: { frames: number }) =>
      onProgress({ bytes: sources.reduce((sum, { bytesRead }) => sum + bytesRead, 0), frames }),
  }
  try {
    return apart ? await observeApart(inputs[0]!, options) : [await observe(inputs, options)]
  } finally {
    await Promise.all(sources.map((source) => source.close()))
  }
}

/** What a thread answers. */
export type Answer = { observations: Observations[] } | { error: string } | { reading: Reading }

/** Another thread that observes, one task after the other. */
class ObserverThread {
  readonly #worker: Worker
  readonly #failed: Promise<never>

  constructor(keys: Keys | null) {
    this.#worker = new Worker(new URL('./observer-thread.js', import.meta.url), {
      workerData: keys?.texts ?? [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.#failed = new Promise((_, reject) => this.#worker.once('error', reject))
    this.#failed.catch(() => {})
  }

  observe(task: Task, onProgress: (reading: Reading) => void): Promise<Observations[]> {
    const worker = this.#worker
    const answered = new Promise<Observations[]>((resolve, reject) => {
      const onAnswer = (answer: Answer): void => {
        if ('reading' in answer) {
          onProgress(answer.reading)
          return
        }
        worker.off('message', onAnswer)
        if ('error' in answer) reject(new Error(answer.error))
        else resolve(answer.observations)
      }
      worker.on('message', onAnswer)
    })
    worker.postMessage(task)
    return Promise.race([answered, this.#failed])
  }

  end(): void {
    void this.#worker.terminate()
  }
}
