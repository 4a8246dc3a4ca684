// What the open captures are called in little room.
import { words } from '@pcap-surgery/core'
import { usePage } from '../state.ts'

/** The list of a document stays the same object: its names are made once. */
const made = new WeakMap<object, (id: number) => string>()

export const useCaptureNames = (): ((id: number) => string) =>
  usePage(({ opened }) => {
    const { captures } = opened!.document!
    const names = made.get(captures) ?? words.shortNames(captures)
    made.set(captures, names)
    return names
  })
