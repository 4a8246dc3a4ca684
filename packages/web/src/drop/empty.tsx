// Nothing is open yet: where captures are put in.
import type { ChangeEvent, ReactNode } from 'react'
import { addFiles } from '../state.ts'
import { inputOf } from './files.ts'

export const Empty = (): ReactNode => (
  <label>
    Captures <input type="file" multiple onChange={take} />
  </label>
)

function take(event: ChangeEvent<HTMLInputElement>): void {
  void addFiles([...(event.target.files ?? [])].map(inputOf))
  event.target.value = ''
}
