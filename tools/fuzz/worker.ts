// The thread that fuzzes. Whoever started it sees each input before it is run, and ends the thread where a run does not.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import { fuzz, type Finding } from './fuzzer.ts'
import { Seeds } from './seeds.ts'
import { targetsWith } from './targets.ts'

export interface Work {
  roots: string[]
  target: string
  seed: number
  milliseconds: number
  /** length(4), then the input that is run; and the number of the run. */
  input: SharedArrayBuffer
  run: SharedArrayBuffer
  /** End of the URL of the code that is watched; null: nothing guides. */
  script: string | null
}

export type Told =
  | { is: 'finding'; finding: Finding }
  | { is: 'done'; runs: number; kept: number; blocks: number; heapMegabytes: number }

/** What a target may leave behind: its corpus, and what V8 keeps of compiled code. */
const HEAP_LEFT = 200

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
const tell = (told: Told): void => parentPort!.postMessage(told)

export async function fuzzInThread({
  roots,
  target: name,
  seed,
  milliseconds,
  input,
  run,
  script,
}: Work): Promise<void> {
  const seeds = new Seeds(roots)
  const target = targetsWith(seeds).find((one) => one.name === name)!
  const begin = performance.now()
  const [length, bytes, turn] = [new Uint32Array(input, 0, 1), new Uint8Array(input, 4), new Int32Array(run)]
  const result = await fuzz(target, seeds, {
    seed,
    coverage: script === null ? null : new Coverage(script),
    isOver: () => performance.now() - begin > milliseconds,
    watch: (one) => {
      length[0] = Math.min(one.length, bytes.length)
      bytes.set(one.subarray(0, bytes.length))
      Atomics.add(turn, 0, 1)
    },
    found: (finding) => tell({ is: 'finding', finding }),
  })
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const heapMegabytes = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
  if (heapMegabytes > HEAP_LEFT) {
    const message = `${heapMegabytes} MB are still in use after ${result.runs} runs`
    tell({ is: 'finding', finding: { target: name, message, input: new Uint8Array(0), run: result.runs } })
  }
  tell({ is: 'done', ...result, heapMegabytes })
}
