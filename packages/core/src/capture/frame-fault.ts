// How the readers of compressed frames tell damage.

/** Damage at `offset` of the compressed file, without it at the place reached. */
export type FrameFault = (text: string, offset?: number) => void

/** Damage that cannot be read past: the answer of a frame reader that ends there. */
export function lost(fault: FrameFault, text: string, offset?: number): false {
  fault(`${text}; everything from here on is lost`, offset)
  return false
}
