// The captures: how good they are, and how their clocks stand to each other.
import type { ReactNode } from 'react'
import { visible } from '../parts/text.ts'
import { usePage } from '../state.ts'

export function CapturesView(): ReactNode {
  const { captures } = usePage((page) => page.opened!.document!)
  return (
    <ul>
      {captures.map(({ id, file, frames }) => (
        <li key={id}>
          {visible(file)}: {frames} frames
        </li>
      ))}
    </ul>
  )
}
