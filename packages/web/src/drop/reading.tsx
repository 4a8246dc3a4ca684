// How far reading has come, below the header, whatever the view.
import type { ReactNode } from 'react'
import { usePage } from '../state.ts'

export function ReadingStrip(): ReactNode {
  const reading = usePage((page) => page.reading)
  const defect = usePage((page) => page.defect)
  if (defect !== null) return <p role="alert">{defect}</p>
  if (reading === null) return null
  return (
    <p role="status">
      {reading.progress.frames} frames <button onClick={() => reading.stop.abort()}>Stop</button>
    </p>
  )
}
