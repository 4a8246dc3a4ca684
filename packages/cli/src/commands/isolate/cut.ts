// One file of a cut: the chosen frames of its sources, written beside its place until it is proven.
import { readFile } from 'node:fs/promises'
import {
  type CaptureWriter,
  type Emit,
  type Evidence,
  type Incident,
  isolate,
  type Isolated,
  type KeyedPseudonyms,
  LinkTypesDiffer,
  pcapngWriter,
  pcapWriter,
  type Source,
} from '@pcap-surgery/core'
import { decompression } from '../../io/gzip.ts'
import { type CutFile, cutFile, type Written } from '../../io/cut-file.ts'
import { Refused } from '../../io/refused.ts'
import type { Proof } from './manifest.ts'
import { formatOf, type IsolateCommandOptions } from './options.ts'

/** A file that is written and not yet in its place. */
export interface Cut {
  file: CutFile
  written: Written
  isolated: Isolated
  /** What of the sources has no place in it, and how often. */
  lost: readonly (readonly [what: string, count: number])[]
}

/** What a command has made and not yet delivered. */
export interface Job {
  cuts: Cut[]
  /** Frames of the inputs, by file. */
  frames: ReadonlyMap<string, number>
  incident: Incident | null
  proof: Proof | null
  flawless: boolean
  /** Of an anonymised cut. */
  pseudonyms: KeyedPseudonyms | null
}

/** Writes a file of a cut beside its place. Throws `Refused` where the format has no room for it. */
export async function writeCut(
  output: string,
  sources: readonly Source[],
  { comments, names }: { comments: string[]; names: Evidence['names'] },
  snap: number | 'headers' | null,
  options: IsolateCommandOptions,
): Promise<Cut> {
  // What an anonymised cut is made of is nobody else's business, also where a crash leaves it behind.
  const file = await cutFile(output, '', options.anonymise ? 0o600 : undefined)
  try {
    const writer = writerFor(options, comments, (bytes) => file.emit(bytes))
    writer.names(names)
    const secrets = options.secrets
      ? await Promise.all((options.keys ?? []).map((one) => readFile(one, 'latin1')))
      : null
    const isolated = await isolate(sources, writer, { decompression, align: options.align ?? false, snap, secrets })
    return { file, written: file.close(), isolated, lost: [...isolated.leftOut, ...writer.lost] }
  } catch (error) {
    file.discard()
    if (error instanceof LinkTypesDiffer)
      throw new Refused(`${error.message}, and these have several; pcapng takes them`)
    throw error
  }
}

function writerFor(options: IsolateCommandOptions, comments: string[], emit: Emit): CaptureWriter {
  if (formatOf(options) === 'pcap') return pcapWriter(emit)
  return pcapngWriter({ comments, application: options.application }, emit)
}
