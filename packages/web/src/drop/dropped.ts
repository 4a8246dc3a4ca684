// What was dropped: files, and those within folders.

/** To be called while the event is handled: what it carries is gone afterwards. */
export function filesDropped(transfer: DataTransfer): Promise<File[]> {
  const each = [...transfer.items].map((item): Promise<File[]> => {
    const entry = item.webkitGetAsEntry?.() ?? null
    if (entry?.isDirectory) return filesWithin(entry as FileSystemDirectoryEntry)
    const file = item.getAsFile()
    return Promise.resolve(file === null ? [] : [file])
  })
  return Promise.all(each).then((found) => found.flat())
}

/** By name, so that the files of a rotated capture stand in their order. What cannot be listed is left out. */
async function filesWithin(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader()
  const entries: FileSystemEntry[] = []
  // It answers a part at a time, and nothing when that was all.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])))
    if (some.length === 0) break
    entries.push(...some)
  }
  const found = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => {
      if (entry.isDirectory) return filesWithin(entry as FileSystemDirectoryEntry)
      return new Promise<File[]>((resolve) => {
        ;(entry as FileSystemFileEntry).file(
          (file) => resolve([file]),
          () => resolve([]),
        )
      })
    })
  return (await Promise.all(found)).flat()
}
