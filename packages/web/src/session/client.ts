// The page's side of its worker: a call is a promise.
// oxlint-disable-next-line import/default -- vite makes it
import CoreWorker from '../worker/worker.ts?worker&inline'
import type { Answer, Arguments, Asked, CallName, Part, Progress, Told } from './protocol.ts'

/** A failure that is the user's to know: a sentence. `isDefect`: it is our fault, and the sentence may be technical. */
export class Failed extends Error {
  readonly isDefect: boolean

  constructor(text: string, isDefect: boolean) {
    super(text)
    this.isDefect = isDefect
  }
}

export interface CallOptions {
  onProgress?: (progress: Progress) => void
  /** Told all parts before the answer is there. */
  onPart?: (part: Part) => void
  /** Aborting cancels the call, which is answered all the same; see protocol.ts. */
  signal?: AbortSignal
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Failed): void
  options: CallOptions
}

export class Client {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => this.#told(data))
    // Of what is thrown within a call the call knows; this is a worker that did not start, or broke.
    worker.addEventListener('error', (event) => this.#fail(event.message || 'the worker could not be started'))
  }

  call<Name extends CallName>(name: Name, args: Arguments<Name>, options: CallOptions = {}): Promise<Answer<Name>> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, options })
      this.#ask({ is: 'call', id, name, args })
      options.signal?.addEventListener('abort', () => this.#ask({ is: 'cancel', id }), { once: true })
    })
  }

  /** Files with a `url` are read through this port. */
  feedFrom(port: MessagePort): void {
    this.#ask({ is: 'feed', port }, [port])
  }

  /** Whatever it was asked fails. */
  end(): void {
    this.#worker.terminate()
    this.#fail('it was closed')
  }

  #ask(asked: Asked, transfer: Transferable[] = []): void {
    this.#worker.postMessage(asked, transfer)
  }

  #told(told: Told): void {
    const waiting = this.#waiting.get(told.id)
    if (waiting === undefined) return
    if (told.is === 'progress') {
      waiting.options.onProgress?.(told.progress)
      return
    }
    if (told.is === 'part') {
      waiting.options.onPart?.(JSON.parse(told.json) as Part)
      return
    }
    this.#waiting.delete(told.id)
    if (told.is === 'answer') waiting.resolve(told.value)
    else waiting.reject(new Failed(told.text, told.isDefect))
  }

  #fail(text: string): void {
    if (started === this) started = null
    for (const { reject } of this.#waiting.values()) reject(new Failed(text, true))
    this.#waiting.clear()
  }
}

let started: Client | null = null

/** The one worker of the page, started when it is first asked something, and anew when it broke. */
export const client = (): Client => (started ??= new Client(new CoreWorker()))

/** Ends the worker, and with it goes the memory of all that it has read. */
export const endClient = (): void => started?.end()
