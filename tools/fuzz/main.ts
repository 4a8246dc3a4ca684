// `npm run fuzz -- --minutes N [--target NAME] [--seed S]`: all targets in turn, each in a thread of its own under a
// watch: a run that takes longer than it may, or more memory, is a finding like any other.
// `npm run fuzz -- --thirdparty N`: each capture with N mutations, and what is still said of it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import type { Finding } from './fuzzer.ts'
import { LONGEST } from './mutate.ts'
import { Seeds } from './seeds.ts'
import { targetsWith } from './targets.ts'
import { mutateAll } from './thirdparty.ts'
import { fuzzInThread, type Told, type Work } from './worker.ts'

const ROOTS = ['cases', '../shared/thirdparty', '../shared/captures']
/** Milliseconds that one run may take of the processor, and by the clock: who is left none by others is not slow. */
const PATIENCE = 5000
const WALL_PATIENCE = 120_000
const LOOK_EVERY = 1000
const HEAP_LIMIT = 600
const FINDINGS = 'coverage/fuzz-findings'

/** Fuzzes a target for a while; answers how many findings there are. */
async function fuzzed(target: string, seed: number, milliseconds: number): Promise<number> {
  let findings = 0
  const deadline = performance.now() + milliseconds
  // After a run that did not end, a new thread goes on with other numbers.
  for (let round = 0; performance.now() < deadline - 1000; round++) {
    const work: Work = {
      roots: ROOTS,
      target,
      seed: seed + round,
      milliseconds: deadline - performance.now(),
      input: new SharedArrayBuffer(4 + 4 * LONGEST),
      run: new SharedArrayBuffer(4),
      script: 'fuzz.js',
    }
    const { count, isWhole } = await watched(work)
    findings += count
    if (isWhole) break
  }
  return findings
}

function watched(work: Work): Promise<{ count: number; isWhole: boolean }> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: work,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT },
    })
    const run = new Int32Array(work.run)
    const current = (): Uint8Array => new Uint8Array(work.input, 4, new Uint32Array(work.input, 0, 1)[0]!).slice()
    let count = 0
    let before = -1
    let since = { cpu: 0, wall: 0 }
    const over = (isWhole: boolean): void => {
      clearInterval(timer)
      void worker.terminate()
      resolve({ count, isWhole })
    }
    const note = (finding: Finding): void => {
      count++
      show(finding, work.seed)
    }
    const timer = setInterval(() => {
      const now = Atomics.load(run, 0)
      const spent = { cpu: cpuTime(), wall: performance.now() }
      if (now <= 0 || now !== before) since = spent
      else if (spent.cpu - since.cpu > PATIENCE || spent.wall - since.wall > WALL_PATIENCE) {
        const [cpu, wall] = [spent.cpu - since.cpu, spent.wall - since.wall].map(Math.round)
        const message = `a run took ${cpu} ms of the processor in ${wall} ms, and goes on`
        note({ target: work.target, message, input: current(), run: now })
        over(false)
      }
      before = now
    }, LOOK_EVERY)
    worker.on('message', (told: Told) => {
      if (told.is === 'finding') return note(told.finding)
      const { runs, kept, blocks, heapMegabytes } = told
      console.log(
        `${work.target}: ${runs} runs, ${kept} inputs kept, ${blocks} blocks, ${heapMegabytes} MB, ${count} findings`,
      )
      over(true)
    })
    worker.on('error', (error) => {
      note({ target: work.target, message: error.stack ?? error.message, input: current(), run: before })
      over(false)
    })
  })
}

/** Milliseconds of the processor that this process took; nobody but the thread that fuzzes takes much. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function show({ target, message, input, run }: Finding, seed: number): void {
  mkdirSync(FINDINGS, { recursive: true })
  const file = `${FINDINGS}/${target}-${seed}-${run}.bin`
  writeFileSync(file, input)
  console.log(`FINDING ${target} (seed ${seed}, run ${run}), ${input.length} bytes in ${file}\n${message}`)
  if (input.length <= 600) console.log(`base64: ${Buffer.from(input).toString('base64')}`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      target: { type: 'string' },
      seed: { type: 'string', default: '1' },
      thirdparty: { type: 'string' },
    },
  })
  const seed = Number(values.seed)
  if (values.thirdparty !== undefined) return mutateAll('../shared/thirdparty', Number(values.thirdparty), seed)
  const names = targetsWith(new Seeds([])).map(({ name }) => name)
  const wanted = names.filter((name) => values.target === undefined || values.target.split(',').includes(name))
  if (wanted.length === 0) throw new Error(`no such target; there are ${names.join(', ')}`)
  // The whole way through all three steps has the most to go wrong.
  const shares = wanted.map((name) => (['diagnose', 'isolate', 'cut', 'reports'].includes(name) ? 3 : 1))
  const share = (Number(values.minutes) * 60_000) / shares.reduce((sum, one) => sum + one, 0)
  let findings = 0
  for (const [i, name] of wanted.entries()) findings += await fuzzed(name, seed, shares[i]! * share)
  return findings
}

if (isMainThread) process.exitCode = (await main()) > 0 ? 1 : 0
else await fuzzInThread(workerData as Work)
