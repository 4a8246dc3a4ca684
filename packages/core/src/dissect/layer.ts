// What a frame is shown as: layers with fields, each with the bytes it is in. Plain data.

/** One field of a layer: `bytes[at]` to `bytes[at + length - 1]` of the frame. */
export interface LayerField {
  /** As Wireshark calls it: `Source Port`. */
  name: string
  /** What it says, for a person. Text of the frame stands in it as sent, one character a byte. */
  value: string
  at: number
  length: number
  /** What the field is made of: bits of flags, options, records. Their bytes lie inside of this one's. */
  fields?: LayerField[]
}

/** One protocol layer: its header (of an application protocol the message). Its fields lie inside of it. */
export interface Layer {
  /** `Transmission Control Protocol`. */
  name: string
  /** One line: `51234 → 443 [SYN]`. */
  summary: string
  at: number
  length: number
  fields: LayerField[]
  /** What is wrong with it, in a short sentence: cut, longer than its packet, against the rules. */
  fault: string | null
  /** Part of the packet that an ICMP error quotes. */
  isQuoted: boolean
}
