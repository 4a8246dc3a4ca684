// What is said beside the answer, on standard error.
import { visible } from '@pcap-surgery/core'

/** One line for the user: `pcap-surgery: TEXT`. */
export const say = (text: string): void => {
  process.stderr.write(`pcap-surgery: ${visible(text)}\n`)
}
