// SHA-256 of files, computed beside the main thread while it reads them: a gigabyte takes as long to hash as to copy.
import { Worker } from 'node:worker_threads'

export interface FileHash {
  bytes: number
  sha256: string
}

export interface FileHashes {
  /** By file; what could not be read is not there. */
  result: Promise<ReadonlyMap<string, FileHash>>
  /** Stops the work, whose result is then never needed. */
  stop(): Promise<unknown>
}

// As text, because the command is one file.
const WORK = `
const { createHash } = require('node:crypto')
const { openSync, readSync, closeSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const buffer = Buffer.alloc(1 << 20)
const hashes = []
for (const file of workerData) {
  try {
    const handle = openSync(file)
    const hash = createHash('sha256')
    let bytes = 0
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) {
      hash.update(buffer.subarray(0, read))
      bytes += read
    }
    closeSync(handle)
    hashes.push([file, { bytes, sha256: hash.digest('hex') }])
  } catch {}
}
parentPort.postMessage(hashes)
`

export function fileHashes(files: readonly string[]): FileHashes {
  const worker = new Worker(WORK, { eval: true, workerData: files })
  const result = new Promise<ReadonlyMap<string, FileHash>>((resolve, reject) => {
    worker.once('message', (hashes: [string, FileHash][]) => resolve(new Map(hashes)))
    worker.once('error', reject)
  })
  result.catch(() => {}) // whoever asks is told
  return { result, stop: () => worker.terminate() }
}
