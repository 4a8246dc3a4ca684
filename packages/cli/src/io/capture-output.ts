// Where a copied capture goes: to a file, whole or not at all, or to standard output as it is made.
import { cutFile } from './cut-file.ts'
import { isPrintedOn, refusal, unprintable } from './output.ts'
import { identityOf } from './source.ts'

export interface CaptureOutput {
  /** Throws what the file system says. */
  emit(bytes: Uint8Array): void
  /** Waits until what was emitted has gone out. Throws `Unread` when nobody reads on. */
  settle(): Promise<void>
  /** Puts it in its place, and answers how long it is; null of standard output. */
  finish(): Promise<number | null>
  /** Leaves nothing behind; harmless after `finish`. */
  discard(): void
}

/** Whoever read standard output has seen enough (`| head`): no error, and no reason to go on. */
export class Unread extends Error {}

/** Why `output` cannot be written for these captures, or null. `-` is standard output. */
export async function outputRefusal(
  output: string,
  captures: readonly string[],
  force: boolean,
): Promise<string | null> {
  if (output === '-') {
    if (process.stdout.isTTY) return 'a capture is nothing to read on a terminal; name a file, or pipe it on'
    return (await isPrintedOn(captures)) ? 'standard output is one of the captures' : null
  }
  if (/\.(?:gz|zst|lz4|xz|bz2)$/.test(output)) {
    return `${output}: captures are not compressed on writing; -o - hands them on, as in -o - | gzip`
  }
  const refused = await refusal(output, captures)
  if (refused !== null) return `${output}: ${refused}`
  return !force && (await identityOf(output)) !== null ? `${output}: exists; --force replaces it` : null
}

export async function captureOutput(output: string): Promise<CaptureOutput> {
  if (output === '-') return standardOutput()
  const file = await cutFile(output)
  return {
    emit: (bytes) => file.emit(bytes),
    settle: () => Promise.resolve(),
    async finish() {
      const { bytes } = file.close()
      await file.commit()
      return bytes
    },
    discard: () => file.discard(),
  }
}

function standardOutput(): CaptureOutput {
  let waiting: Uint8Array[] = []
  const settle = async (): Promise<void> => {
    const bytes = Buffer.concat(waiting)
    waiting = []
    if (bytes.length === 0) return
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      process.stdout.write(bytes, (failure) => resolve(failure ?? null))
    })
    if (error?.code === 'EPIPE') throw new Unread()
    if (error !== null) throw unprintable(error)
  }
  return {
    emit: (bytes) => void waiting.push(bytes),
    settle,
    async finish() {
      await settle()
      return null
    },
    discard() {},
  }
}
