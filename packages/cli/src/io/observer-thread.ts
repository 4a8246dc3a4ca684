// A thread that observes captures: tasks in, observations out.
import { parentPort, workerData } from 'node:worker_threads'
import { type Observations, transferablesOf } from '@pcap-surgery/core'
import { keysOf } from './keys.ts'
import { type Answer, observeTask, type Task } from './observing.ts'

/** Milliseconds between two words on how far it is. */
const PERIOD = 100

const port = parentPort!
const answer = (value: Answer, transfer: ArrayBuffer[] = []): void => port.postMessage(value, transfer)
const keys = keysOf(workerData as readonly string[])

port.on('message', (task: Task) => {
  let next = performance.now() + PERIOD
  const observed = observeTask(task, keys?.log ?? null, (reading) => {
    if (performance.now() < next) return
    next = performance.now() + PERIOD
    answer({ reading })
  })
  observed.then(
    (observations: Observations[]) => answer({ observations }, observations.flatMap(transferablesOf)),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})
