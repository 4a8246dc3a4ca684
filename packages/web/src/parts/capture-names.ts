// What captures are called in few letters: their files' names without what all of them end in.
import { type CaptureSummary, visible } from '@pcap-surgery/core'
import { usePage } from '../state.ts'

const ENDINGS = /\.(?:pcapng|pcap|cap|dmp)?(?:\.(?:gz|zst|lz4))?$/i

/** Names by id: short where that tells them apart, else the whole file name. */
export function captureNames(captures: readonly Pick<CaptureSummary, 'id' | 'file'>[]): (id: number) => string {
  const short = captures.map(({ file }) => file.replace(/^.*[/\\]/, '').replace(ENDINGS, '') || file)
  const names = new Map(
    captures.map(({ id, file }, i) => [
      id,
      visible(short.indexOf(short[i]!) === short.lastIndexOf(short[i]!) ? short[i]! : file),
    ]),
  )
  return (id) => names.get(id) ?? `capture ${id}`
}

/** The list of a document stays the same object: its names are made once. */
const made = new WeakMap<object, (id: number) => string>()

/** What the open captures are called. */
export const useCaptureNames = (): ((id: number) => string) =>
  usePage(({ opened }) => {
    const { captures } = opened!.document!
    const names = made.get(captures) ?? captureNames(captures)
    made.set(captures, names)
    return names
  })
