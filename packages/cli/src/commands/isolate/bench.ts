// Where the command makes its cuts: files beside their places.
import { randomBytes } from 'node:crypto'
import type { CutBench, DraftKind } from '@pcap-surgery/core'
import { readCaptures } from '../../io/captures.ts'
import { type CutFile, cutFile } from '../../io/cut-file.ts'
import { decompression } from '../../io/gzip.ts'
import { type Keys, keysOf } from '../../io/keys.ts'
import { type IsolateCommandOptions, outputsOf } from './options.ts'

export function fileBench(options: IsolateCommandOptions, keys: Keys | null): CutBench<CutFile> {
  const outputs = outputsOf(options).map(([file]) => file)
  return {
    decompression,
    draft: (output, kind) => cutFile(outputs[output]!, ...SORTS[kind]),
    read: (drafts, keyLogs) =>
      readCaptures(
        drafts.map(({ name }) => name),
        keyLogs === null ? null : withKeys(keys, keyLogs),
      ),
    random: (length) => randomBytes(length),
  }
}

/** What tells drafts of one output apart, and their mode: an original is nobody else's business, also after a crash. */
const SORTS: { readonly [kind in DraftKind]: [tag?: string, mode?: number] } = {
  final: [],
  original: ['', 0o600],
  hidden: ['.anonymous'],
}

function withKeys(keys: Keys | null, brought: readonly string[]): Keys | null {
  return brought.length === 0 ? keys : keysOf([...(keys?.texts ?? []), ...brought])
}
