// pcap-surgery info: what is in a capture file.
import { createHash } from 'node:crypto'
import { type CaptureInformation, describeCapture, type InfoDocument, json } from '@pcap-surgery/core'
import { decompression } from '../io/gzip.ts'
import { isPrintedOn, print } from '../io/output.ts'
import { progress } from '../io/progress.ts'
import { openSource, reason } from '../io/source.ts'
import { say } from '../io/talk.ts'
import { renderInfo } from '../render/info.ts'

export interface InfoOptions {
  format: 'text' | 'json'
}

/** Reads each file through and says what is in it. Answers the exit status; see program.ts. */
export async function infoCommand(files: readonly string[], { format }: InfoOptions): Promise<number> {
  if (files.filter((file) => file === '-').length > 1) {
    say('standard input can be read only once')
    return 2
  }
  if (await isPrintedOn(files)) {
    say('standard output is one of the captures')
    return 2
  }
  const captures: CaptureInformation[] = []
  for (const file of files) {
    try {
      captures.push(await informationOf(file))
    } catch (error) {
      say(`${file}: ${reason(error)}`)
    }
  }
  const document: InfoDocument = { schema: 'pcap-surgery/info@1', captures }
  await print(format === 'json' ? `${json(document, 2)}\n` : renderInfo(document))
  return captures.length === files.length && captures.every(({ faults }) => faults.length === 0) ? 0 : 2
}

async function informationOf(file: string): Promise<CaptureInformation> {
  const source = await openSource(file)
  const line = progress(file, source.size)
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  const chunks = hashed()
  try {
    const content = await describeCapture({ open: () => chunks }, decompression, (frames) =>
      line.report(source.bytesRead, frames),
    )
    return { file, bytes: source.bytesRead, sha256: hash.digest('hex'), ...content }
  } finally {
    line.done()
    await source.close()
  }
}
