// Captures to try the page with: one of the cases that its tests know the answer of, brought along in the script itself,
// because the page may not fetch anything.
import captures from 'virtual:example'

/** What is to be seen in it. */
export const EXAMPLE =
  'The example: nginx in front of a pool of three, captured on both of its sides. One request of 153 ended in a 504.'

export async function exampleFiles(): Promise<File[]> {
  return captures.map(({ name, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    return new File([bytes], name)
  })
}
