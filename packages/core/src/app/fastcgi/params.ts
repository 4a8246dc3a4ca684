// Name-value pairs of FCGI_PARAMS (FastCGI specification 1.0, section 3.4): both lengths, one or four bytes each, then
// both texts.
import { type Bytes, u32 } from '../../bytes/read.ts'
import { textOf, type Variable } from '../backend/request-head.ts'

/** The pairs in `b[at..end)`; `whole` when the last one ends there. */
export function readParams(b: Bytes, at: number, end: number): { variables: Variable[]; whole: boolean } {
  const variables: Variable[] = []
  for (let p = at; p < end;) {
    const value = p + lengthSize(b, p)
    if (value >= end) return { variables, whole: false }
    const text = value + lengthSize(b, value)
    if (text > end) return { variables, whole: false }
    const nameEnd = text + lengthAt(b, p)
    const valueEnd = nameEnd + lengthAt(b, value)
    if (valueEnd > end) return { variables, whole: false }
    variables.push([textOf(b, text, nameEnd), textOf(b, nameEnd, valueEnd)])
    p = valueEnd
  }
  return { variables, whole: true }
}

/** The highest bit tells a length of four bytes from one of one. */
const lengthSize = (b: Bytes, at: number): number => (b[at]! >> 7 === 0 ? 1 : 4)

const lengthAt = (b: Bytes, at: number): number => (b[at]! >> 7 === 0 ? b[at]! : u32(b, at) & 0x7fff_ffff)
