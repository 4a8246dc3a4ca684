// What readers of both directions of FastCGI have in common: the header of a record, and which message is at work.
import { RecordScanner } from '../backend/records.ts'
import type { MessageSink } from '../http1/message.ts'
import * as record from './record.ts'

export abstract class FastCgiScanner extends RecordScanner {
  /** Id of the request at work, or being answered; 0 between messages. */
  protected id = 0

  constructor(kind: 'request' | 'response', sink: MessageSink) {
    super(kind, sink, record.HEADER)
  }

  /** Type of the record at work where it belongs to the message at work, else 0. */
  protected get type(): number {
    return this.id !== 0 && record.requestId(this.header) === this.id ? record.typeOf(this.header) : 0
  }

  protected override headerFault(i: number): string | null {
    return record.headerFault(this.header, i)
  }

  protected override lengths(): { content: number; padding: number } {
    return { content: record.contentLength(this.header), padding: record.paddingLength(this.header) }
  }

  protected override restart(): void {
    super.restart()
    this.id = 0
  }
}
