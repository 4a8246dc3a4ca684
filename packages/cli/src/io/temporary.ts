// Files on their way to their places, which an interruption does not leave behind.
import { rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** `SIGHUP`: the terminal is gone. Node takes signals that whoever started it ignored (nohup) as any others. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const open = new Set<string>()

/** Where a file lies until it is whole: beside its place, so that it only has to be renamed. */
export const temporaryOf = (target: string, tag = ''): string =>
  join(dirname(target), `.${basename(target)}.${process.pid}${tag}.tmp`)

/** From now on the file is removed where a signal ends the command. */
export function guard(file: string): void {
  if (open.size === 0) for (const signal of SIGNALS) process.on(signal, interrupted)
  open.add(file)
}

/** The file is in its place, or gone. Harmless when repeated. */
export function release(file: string): void {
  if (open.delete(file) && open.size === 0) for (const signal of SIGNALS) process.off(signal, interrupted)
}

/** Ends as a command ends that knows nothing of signals. */
function interrupted(signal: NodeJS.Signals): void {
  for (const file of open) {
    rmSync(file, { force: true })
    release(file)
  }
  process.kill(process.pid, signal)
}
