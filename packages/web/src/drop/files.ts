// Files of the user, as what the worker reads.
import type { InputFile } from '../session/protocol.ts'

let next = 0

export const inputOf = (file: File): InputFile => ({
  id: next++,
  name: file.webkitRelativePath || file.name,
  size: file.size,
  blob: file,
  url: null,
})

/** A file that `pcap-surgery ui` hands out. */
export const givenOf = ({ name, size, url }: { name: string; size: number; url: string }): InputFile => ({
  id: next++,
  name,
  size,
  blob: null,
  url,
})
