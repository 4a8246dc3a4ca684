import { useEffect, useRef, useState } from 'react'
import { Failed } from '../session/client.ts'
import type { MadeFile } from '../session/protocol.ts'
import { download } from './download.ts'

export type Making =
  | { is: 'idle' }
  | { is: 'working' }
  | { is: 'done'; file: MadeFile; url: string }
  | { is: 'failed'; text: string }

export interface Maker {
  state: Making
  /** Downloads what comes of it; `url` is good until another file is made. */
  make: (file: (signal: AbortSignal) => Promise<MadeFile>) => Promise<void>
  cancel: () => void
}

/** One file at a time, made by the worker for the user to keep. */
export function useMadeFile(): Maker {
  const [state, setState] = useState<Making>({ is: 'idle' })
  const stop = useRef<AbortController | null>(null)
  const url = state.is === 'done' ? state.url : null
  useEffect(() => () => (url === null ? undefined : URL.revokeObjectURL(url)), [url])
  useEffect(() => () => stop.current?.abort(), [])

  const make: Maker['make'] = async (made) => {
    const own = new AbortController()
    stop.current = own
    setState({ is: 'working' })
    try {
      const file = await made(own.signal)
      if (!own.signal.aborted) setState({ is: 'done', file, url: download(file) })
    } catch (error) {
      if (own.signal.aborted) return
      setState({ is: 'failed', text: error instanceof Failed ? error.message : String(error) })
    }
  }
  const cancel = (): void => {
    stop.current?.abort()
    setState({ is: 'idle' })
  }
  return { state, make, cancel }
}
