// Chooses files of this machine.
import FolderOpen from 'lucide-react/icons/folder-open'
import { type ReactNode, useRef } from 'react'
import parts from '../parts/parts.module.css'
import { addFiles, usePage } from '../state.ts'
import { inputOf } from './files.ts'

export function FilePicker({ children, isPrimary }: { children: ReactNode; isPrimary: boolean }): ReactNode {
  const input = useRef<HTMLInputElement>(null)
  const isReading = usePage((page) => page.reading !== null)
  return (
    <>
      <button
        type="button"
        className={isPrimary ? `${parts.button} ${parts.primary}` : parts.button}
        disabled={isReading}
        onClick={() => input.current!.click()}
      >
        <FolderOpen className={parts.icon} aria-hidden />
        {children}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        onChange={({ target }) => {
          void addFiles([...(target.files ?? [])].map(inputOf))
          target.value = ''
        }}
      />
    </>
  )
}
