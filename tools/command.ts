// The command as its users meet it: started as a program, judged by what it prints and how it exits.
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const COMMAND: string = fileURLToPath(new URL('../packages/cli/bin/pcap-surgery.js', import.meta.url))

/** Without colours. */
export const ENVIRONMENT: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' }

export interface Ran {
  status: number | null
  /** Standard output as bytes, and as text. */
  bytes: Buffer
  out: string
  err: string
}

export interface Streams {
  stdin?: Uint8Array
  /** A file in place of a pipe. */
  stdout?: string
  /** Close standard output after so many bytes. */
  read?: number
}

/** Runs the command in `folder` to its end. */
export function runCommand(
  folder: string,
  args: readonly string[],
  { stdin, stdout, read = Infinity }: Streams = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ['pipe', stdout === undefined ? 'pipe' : openSync(stdout, 'a'), 'pipe'],
  })
  const out: Buffer[] = []
  let err = ''
  let got = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    out.push(chunk)
    got += chunk.length
    if (got >= read) child.stdout!.destroy()
  })
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin!.on('error', () => {})
  child.stdin!.end(stdin)
  return new Promise((resolve) =>
    child.on('close', (status) => {
      const bytes = Buffer.concat(out)
      resolve({ status, bytes, out: bytes.toString(), err })
    }),
  )
}
