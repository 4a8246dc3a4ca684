// uwsgi, the protocol of the uWSGI server: modifier1 (1), size of the variables (2, little-endian), modifier2 (1),
// variables, body. The response is a CGI or HTTP/1 one without any framing of its own.
import { type Bytes, u16le } from '../bytes/read.ts'
import { createCgiResponseScanner } from './backend/cgi-response.ts'
import { OneRequestScanner } from './backend/one-request.ts'
import { textOf, type Variable } from './backend/request-head.ts'
import type { MessageScanner, MessageSink } from './http1/message.ts'

/** The request on a connection to a uwsgi application. */
export const createUwsgiRequestScanner = (sink: MessageSink): MessageScanner => new UwsgiRequestScanner(sink)

/** The response on a connection to a uwsgi application. */
export const createUwsgiResponseScanner: (sink: MessageSink) => MessageScanner = createCgiResponseScanner

const HEADER = 4
/** modifier1 up to here names the language of the application, and variables follow. */
const LAST_REQUEST_MODIFIER = 30

class UwsgiRequestScanner extends OneRequestScanner {
  protected override lengthAt(i: number): number | null | string {
    const modifier = this.prefix[0]!
    if (modifier > LAST_REQUEST_MODIFIER) return `uwsgi packet with modifier1 ${modifier} is no request`
    return i === HEADER - 1 ? u16le(this.prefix, 1) : null
  }

  /** Name and value, each behind its length in two bytes, little-endian. */
  protected override variables(b: Bytes, end: number): { variables: Variable[]; whole: boolean } {
    const variables: Variable[] = []
    for (let p = 0; p < end;) {
      const name = p + 2
      const length = name > end ? end : name + u16le(b, p)
      const value = length + 2
      if (value > end || value + u16le(b, length) > end) return { variables, whole: false }
      p = value + u16le(b, length)
      variables.push([textOf(b, name, length), textOf(b, value, p)])
    }
    return { variables, whole: true }
  }
}
