// Opens files: what they are is seen from their content, captures are observed, and all of them are diagnosed together.
import { correlate, diagnose, nobleCrypto, type Observations, observeApart } from '@pcap-surgery/core'
import type { InputFile, Opened } from '../session/protocol.ts'
import { bytesOf } from './bytes.ts'
import { decompression } from './gzip.ts'
import type { OpenCapture, Session } from './session.ts'
import type { Context } from './worker.ts'

export async function openFiles(
  _before: Session | null,
  files: InputFile[],
  context: Context,
): Promise<{ session: Session | null; answer: Opened }> {
  const observations: Observations[] = []
  const captures: OpenCapture[] = []
  for (const file of files) {
    const seen = await observeApart(
      { file: file.name, open: () => bytesOf(file) },
      {
        decompression,
        crypto: nobleCrypto,
        onProgress: ({ bytes, frames }) => context.progress({ bytes, total: null, frames, failures: 0 }),
      },
    )
    observations.push(...seen)
    captures.push(...seen.map(() => ({ file, within: null })))
  }
  const story = correlate(observations)
  const document = diagnose(story)
  return {
    session: { captures, keys: null, observations, story, document },
    answer: {
      document,
      isStopped: false,
      files: files.map(({ name, size }) => ({ name, size, is: 'capture', texts: [] })),
    },
  }
}
