// What the captures show, as a file for other programs: as the command writes it with --format and --output.
import { harOf, htmlReport, jsonReport, ladderOf, markdownReport, type ReportOptions } from '@pcap-surgery/core'
import { version } from '../../package.json'
import type { MadeFile, ReportFormat, ReportRequest } from '../session/protocol.ts'
import { Refused, type Session } from './session.ts'
import type { Context } from './worker.ts'

interface Kind {
  file: string
  type: string
  pieces(session: Session, request: ReportRequest): Iterable<string>
}

const KINDS: { readonly [format in ReportFormat]: Kind } = {
  html: {
    file: 'report.html',
    type: 'text/html',
    pieces: (session) => htmlReport(session.document, optionsFor(session)),
  },
  markdown: {
    file: 'report.md',
    type: 'text/markdown',
    pieces: (session) => markdownReport(session.document, optionsFor(session)),
  },
  json: {
    file: 'diagnosis.json',
    type: 'application/json',
    pieces: ({ document }) => jsonReport(document),
  },
  har: {
    file: 'exchanges.har',
    type: 'application/json',
    pieces: ({ story, document }, { showSecrets }) =>
      harOf(story, document, { creator: { name: 'PCAP Surgery', version }, showSecrets }),
  },
}

const optionsFor = ({ story }: Session): ReportOptions => ({
  version,
  all: false,
  ladderOf: (incident) => ladderOf(story, incident),
})

/** Characters that become a part of the file at once: browsers put large files aside, texts they do not. */
const PART = 1 << 23

export async function makeReport(
  session: Session,
  request: ReportRequest,
  { isCancelled }: Pick<Context, 'isCancelled'>,
): Promise<MadeFile> {
  const { file, type, pieces } = KINDS[request.format]
  const parts: Blob[] = []
  let texts: string[] = []
  let length = 0
  for (const piece of pieces(session, request)) {
    texts.push(piece)
    length += piece.length
    if (length < PART) continue
    parts.push(new Blob(texts))
    texts = []
    length = 0
    // Lets the word in that nobody wants it any more.
    await new Promise((resolve) => setTimeout(resolve))
    if (isCancelled()) throw new Refused('it was cancelled')
  }
  return { name: file, blob: new Blob([...parts, ...texts], { type }), notes: [] }
}
