// What ties findings, the ladder and the frame panel together: frames, by capture and number.
import type { FrameRef } from '@pcap-surgery/core'
import { create } from 'zustand'
import { set, usePage } from '../state.ts'

export const keyOf = ({ capture, frame }: FrameRef): string => `${capture}:${frame}`

/** As it stands in the fragment: `1:70`. */
export function frameOf(text: string | undefined): FrameRef | null {
  const [, capture, frame] = /^(\d{1,6}):(\d{1,15})$/.exec(text ?? '') ?? []
  return capture === undefined ? null : { capture: Number(capture), frame: Number(frame) }
}

interface Links {
  /** Frames that something beside the ladder points at. */
  pointed: ReadonlySet<string>
  /** Frames to be brought into view; a new object each time. */
  wanted: { keys: ReadonlySet<string> } | null
  /** Frames of the packet that the ladder stands on. */
  current: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

export const useLinks = create<Links>(() => ({ pointed: NONE, wanted: null, current: NONE }))

const keysOf = (frames: readonly FrameRef[]): ReadonlySet<string> => new Set(frames.map(keyOf))

const pointAt = (frames: readonly FrameRef[]): void => useLinks.setState({ pointed: keysOf(frames) })
const pointAtNothing = (): void => useLinks.setState({ pointed: NONE })
export const bringIntoView = (frames: readonly FrameRef[]): void => {
  if (frames.length > 0) useLinks.setState({ wanted: { keys: keysOf(frames) } })
}
export const standOn = (frames: readonly FrameRef[]): void => useLinks.setState({ current: keysOf(frames) })
/** What makes an element point at frames while it is hovered or focused. */
export const pointing = (
  frames: readonly FrameRef[],
): { onPointerEnter(): void; onPointerLeave(): void; onFocus(): void; onBlur(): void } => ({
  onPointerEnter: () => pointAt(frames),
  onPointerLeave: pointAtNothing,
  onFocus: () => pointAt(frames),
  onBlur: pointAtNothing,
})
/** Another incident. */
export const forgetLinks = (): void => useLinks.setState({ pointed: NONE, wanted: null, current: NONE })

/** Opens the frame panel, or closes it. */
export const openFrame = (frame: FrameRef | null): void => set({ frame: frame === null ? '' : keyOf(frame) })

/** The frame whose panel is open. A text, so that it stays the same while it says the same. */
export const useOpenFrame = (): FrameRef | null => frameOf(usePage((page) => page.place.settings.frame))
