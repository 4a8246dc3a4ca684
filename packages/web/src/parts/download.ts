// A file that was made here goes to where the browser puts what is downloaded.
import type { MadeFile } from '../session/protocol.ts'

/** Starts the download; answers the URL, which is to be revoked when nobody needs the file any more. */
export function download({ blob, name }: MadeFile): string {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  return url
}
