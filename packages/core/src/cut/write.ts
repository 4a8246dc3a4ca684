// One cut: the chosen frames of its sources, as a draft.
import { captureWriter, type WrittenFormat } from '../capture/write.ts'
import type { Evidence } from '../report/evidence.ts'
import { isolate, type Isolated, type IsolateOptions, type Source } from '../surgery/isolate.ts'
import type { CutBench, Draft, DraftKind } from './bench.ts'

/** A draft that is written, and what became of its sources. */
export interface Cut<D extends Draft> {
  draft: D
  isolated: Isolated
  /** What of the sources has no place in it, and how often. */
  lost: readonly (readonly [what: string, count: number])[]
}

/** How a cut is written. */
export interface CutForm extends Pick<IsolateOptions, 'align' | 'snap' | 'secrets'> {
  format: WrittenFormat
  /** `NAME VERSION`, for its section header. */
  application: string
}

/** What a cut says beside its packets. */
export interface CutTexts {
  comments: readonly string[]
  names: Evidence['names']
}

/** Throws `LinkTypesDiffer` where the format has no room for the sources, and what the bench throws. */
export async function writeCut<D extends Draft>(
  bench: CutBench<D>,
  output: number,
  kind: DraftKind,
  sources: readonly Source[],
  { comments, names }: CutTexts,
  { format, application, align, snap, secrets }: CutForm,
): Promise<Cut<D>> {
  const draft = await bench.draft(output, kind)
  try {
    const writer = captureWriter(format, { comments, application }, (bytes) => draft.emit(bytes))
    writer.names(names)
    const isolated = await isolate(sources, writer, { decompression: bench.decompression, align, snap, secrets })
    draft.close()
    return { draft, isolated, lost: [...isolated.leftOut, ...writer.lost] }
  } catch (error) {
    draft.discard()
    throw error
  }
}

export function discardCuts(cuts: readonly { draft: Draft }[]): void {
  for (const { draft } of cuts) draft.discard()
}
