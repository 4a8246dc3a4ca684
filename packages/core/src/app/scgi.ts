// SCGI: a netstring of variables, each name and value ended by NUL, then the body. The response is a CGI one without any
// framing of its own.
import { type Bytes } from '../bytes/read.ts'
import { createCgiResponseScanner } from './backend/cgi-response.ts'
import { OneRequestScanner } from './backend/one-request.ts'
import { textOf, type Variable } from './backend/request-head.ts'
import { COLON, COMMA, isDigit, showByte } from './http1/grammar.ts'
import type { MessageScanner, MessageSink } from './http1/message.ts'

/** The request on a connection to an SCGI application. */
export const createScgiRequestScanner = (sink: MessageSink): MessageScanner => new ScgiRequestScanner(sink)

/** The response on a connection to an SCGI application. */
export const createScgiResponseScanner: (sink: MessageSink) => MessageScanner = createCgiResponseScanner

/** Digits of the netstring's length that make sense. */
const DIGITS = 9

class ScgiRequestScanner extends OneRequestScanner {
  /** The comma behind the netstring counts as its last byte. */
  protected override lengthAt(i: number): number | null | string {
    const c = this.prefix[i]!
    if (c === COLON && i > 0) return Number(textOf(this.prefix, 0, i)) + 1
    return isDigit(c) && i < DIGITS ? null : `An SCGI request begins with a length: byte ${i + 1} is ${showByte(c)}`
  }

  protected override variables(b: Bytes, end: number): { variables: Variable[]; whole: boolean } {
    const variables: Variable[] = []
    let p = 0
    while (p < end) {
      const name = b.indexOf(0, p)
      const value = name < 0 ? -1 : b.indexOf(0, name + 1)
      if (value < 0 || value >= end) break
      variables.push([textOf(b, p, name), textOf(b, name + 1, value)])
      p = value + 1
    }
    return { variables, whole: p === end - 1 && b[p] === COMMA }
  }
}
