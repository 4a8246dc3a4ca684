// pcap-surgery ui: the page, served to this machine alone, with the captures that were named.
import { access, constants, stat } from 'node:fs/promises'
import { openBrowser } from '../io/browser.ts'
import { distinct } from '../io/captures.ts'
import { unreadableKeys } from '../io/keys.ts'
import { print } from '../io/output.ts'
import { type Given, type PageServer, servePage } from '../io/page-server.ts'
import { reason } from '../io/source.ts'
import { say } from '../io/talk.ts'

export interface UiOptions {
  keys?: string[]
  /** 0: any that is free. */
  port: number
  /** False with --no-open. */
  open: boolean
}

/** Serves the page in `folder` until it is interrupted. Answers the exit status; see program.ts. */
export async function uiCommand(folder: URL, files: readonly string[], options: UiOptions): Promise<number> {
  const { keys = [], port } = options
  const wrong = (await unreadable(files)) ?? (await unreadableKeys(keys))
  if (wrong !== null) {
    say(wrong)
    return 2
  }
  const given = await Promise.all([...(await distinct(files)), ...keys].map(givenOf))
  let server: PageServer
  try {
    server = await servePage(folder, given, port)
  } catch (error) {
    say(notServed(error as NodeJS.ErrnoException, port))
    return 2
  }
  const interrupted = interruption()
  await print(`${server.address}\n`)
  say('the page is served to this machine alone, until Ctrl-C')
  if (options.open) openBrowser(server.entrance)
  await interrupted
  server.close()
  return 0
}

/** Why one of the captures cannot be read, for the user; null where all can. What is in them the page says. */
async function unreadable(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    if (file === '-') return '-: the page reads captures more than once, and standard input is gone after that'
    const why = await access(file, constants.R_OK).then(async () => {
      const found = await stat(file)
      if (found.isDirectory()) return 'is a directory; name the captures in it'
      return found.isFile() ? null : 'is no regular file, and the page reads captures more than once'
    }, reason)
    if (why !== null) return `${file}: ${why}`
  }
  return null
}

const givenOf = async (file: string): Promise<Given> => ({ name: file, file, size: (await stat(file)).size })

function notServed(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === 'EADDRINUSE') return `--port ${port}: is in use`
  if (error.code === 'EACCES' && error.syscall === 'listen') return `--port ${port}: no permission`
  if (error.code === 'ENOENT') return 'the page is not there: it is built by npm run build'
  return reason(error)
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}
