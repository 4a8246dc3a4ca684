import type { InputFile } from '../session/protocol.ts'

export const inputOf = (file: File): InputFile => ({ name: file.name, size: file.size, blob: file, url: null })
