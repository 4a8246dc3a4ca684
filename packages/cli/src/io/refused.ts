// What ends a command without being a defect.

/** Something that the user should know and that ends the command. */
export class Refused extends Error {}

/** What the file system says, as it is or in our words, is no defect. */
export function isOfTheSystem(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
  return code !== undefined || cause?.code !== undefined
}
