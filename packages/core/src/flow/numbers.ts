// How V8 keeps a number in an object's field is decided by the numbers that were there before.

/**
 * Makes number fields of this object's class doubles. A field that held small integers only (-1 for none) becomes one
 * with its first time or sequence number, and then all code compiled for the class is thrown away: a dozen times in the
 * first second of a capture. Call it with an object that nobody uses.
 */
export function widen<T extends object>(example: T, ...fields: readonly (keyof T)[]): void {
  for (const field of fields) (example as Record<keyof T, unknown>)[field] = 0.5
}
