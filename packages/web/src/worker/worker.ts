// The worker: everything that is asked comes in here, and is handed to who answers it.
import type { Answer, Arguments, Asked, CallName, Progress, Told } from '../session/protocol.ts'
import { feedFrom } from './bytes.ts'
import { frames, ladder } from './frames.ts'
import { inParts, openFiles } from './open.ts'
import { makeReport } from './reports.ts'
import { saveIncident } from './save.ts'
import { Refused, type Session } from './session.ts'
import { Tables } from './tables.ts'

/** What a call may use beside its arguments. */
export interface Context {
  progress(progress: Progress): void
  isCancelled(): boolean
}

/** Who answers; `open` makes the session that the others ask. */
type Answers = {
  [Name in Exclude<CallName, 'open'>]: (
    session: Session,
    args: Arguments<Name>,
    context: Context,
  ) => Answer<Name> | Promise<Answer<Name>>
}

const tables = new WeakMap<Session, Tables>()

/** Made when they are first asked for: nobody need look at them. */
function tablesOf(open: Session): Tables {
  let made = tables.get(open)
  if (made === undefined) tables.set(open, (made = new Tables(open.story, open.document)))
  return made
}

const answers: Answers = {
  traffic: (open) => tablesOf(open).traffic(),
  view: (open, [query]) => tablesOf(open).view(query),
  rows: (open, args) => tablesOf(open).rows(...args),
  facts: (open, args) => tablesOf(open).facts(...args),
  ladder: (open, [id]) => ladder(open, id),
  frames: (open, [wanted], { progress }) =>
    frames(open, wanted, (bytes, total) => progress({ stage: 'reading', bytes, total, frames: 0, failures: 0 })),
  save: (open, [request], context) => saveIncident(open, request, context),
  report: (open, [request], context) => makeReport(open, request, context),
}

/** The part of a worker's global scope that is used: the DOM's types do not have it. */
const scope = self as unknown as {
  postMessage(told: Told, transfer?: Transferable[]): void
  addEventListener(type: 'message', listen: (event: MessageEvent<Asked>) => void): void
}

let session: Session | null = null
const cancelled = new Set<number>()

scope.addEventListener('message', ({ data }) => {
  if (data.is === 'feed') feedFrom(data.port)
  else if (data.is === 'cancel') cancelled.add(data.id)
  else void answer(data.id, data.name, data.args)
})

async function answer(id: number, name: CallName, args: unknown[]): Promise<void> {
  const context: Context = {
    progress: (progress) => scope.postMessage({ is: 'progress', id, progress }),
    isCancelled: () => cancelled.has(id),
  }
  try {
    scope.postMessage({ is: 'answer', id, value: await valueOf(id, name, args, context) })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const isDefect = !(error instanceof Refused)
    if (isDefect) console.error(error)
    scope.postMessage({ is: 'failure', id, text, isDefect })
  } finally {
    cancelled.delete(id)
  }
}

async function valueOf(id: number, name: CallName, args: unknown[], context: Context): Promise<unknown> {
  if (name === 'open') {
    const opened = await openFiles(session, ...(args as Arguments<'open'>), context)
    session = opened.session
    return inParts(opened.answer, (part) => scope.postMessage({ is: 'part', id, json: JSON.stringify(part) }))
  }
  if (session === null) throw new Refused('no capture is open')
  const ask = answers[name] as (session: Session, args: unknown[], context: Context) => unknown
  return ask(session, args, context)
}
