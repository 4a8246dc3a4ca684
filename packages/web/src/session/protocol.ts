// What the page asks of its worker, and what it is answered: plain data that can be cloned. The page holds the document
// and what is on the screen; captures, observations and tables stay in the worker.
import type { DiagnosisDocument, FrameRef, Incident, Ladder, Layer } from '@pcap-surgery/core'

/** A capture or key log: a file of the user, or one that `pcap-surgery ui` was given and hands out itself. */
export interface InputFile {
  /** Its own as long as the page is there: by it the worker knows what it has read already. */
  id: number
  /** As its owner calls it; files may have the same one. */
  name: string
  /** Bytes of the file as it lies there; null where nobody knows. */
  size: number | null
  blob: Blob | null
  /** Where the local server has it; null for a file of the user. */
  url: string | null
}

/** What the worker can be asked, with the arguments and the answer of each. */
export interface Calls {
  /**
   * Reads these files, all of them again or as far as they are known already, and diagnoses what is in them. Cancelled:
   * answers what was read until then.
   */
  open(files: InputFile[]): Opened
  traffic(): Traffic
  /** Sorts and filters a table; `rows` are those of the last view of their table. */
  view(query: TableQuery): TableView
  rows(table: TableName, from: number, count: number): Row[]
  /** Of the row with this number; null where there is none. */
  facts(table: TableName, id: number): RowFacts | null
  /** The sequence diagram of an incident, whose frames are then read together with the first one asked for. */
  ladder(incident: string): Ladder
  /** In the order asked for; what cannot be read again is left out. */
  frames(frames: FrameRef[]): FrameDetail[]
  save(request: SaveRequest): MadeFile
  report(request: ReportRequest): MadeFile
}

export type CallName = keyof Calls
export type Arguments<Name extends CallName> = Parameters<Calls[Name]>
export type Answer<Name extends CallName> = ReturnType<Calls[Name]>

/** Page to worker. `feed` is where files of the local server are read from; see feed/feed.ts. */
export type Asked =
  | { is: 'call'; id: number; name: CallName; args: unknown[] }
  | { is: 'cancel'; id: number }
  | { is: 'feed'; port: MessagePort }

/** Worker to page. `text` is for the user; `json` is a `Part`. */
export type Told =
  | { is: 'progress'; id: number; progress: Progress }
  | { is: 'part'; id: number; json: string }
  | { is: 'answer'; id: number; value: unknown }
  | { is: 'failure'; id: number; text: string; isDefect: boolean }

/** How far opening files has come. */
export interface Progress {
  stage: 'reading' | 'diagnosing'
  /** Bytes read of the files as they lie there, of how many; null where that is not known. */
  bytes: number
  total: number | null
  frames: number
  /** Answers of 502, 503 and 504 seen so far, on either leg. */
  failures: number
}

/** What became of a file. */
export interface FileReport {
  id: number
  /** As the document calls it: with a number behind it where an earlier file has the same name. */
  name: string
  size: number | null
  /** `not-read`: stopped before. */
  is: 'capture' | 'key-log' | 'duplicate' | 'unreadable' | 'not-read'
  /** What the user should know of it as a whole: why it could not be read, of which file it is a duplicate. */
  text: string | null
  /** Damage, up to which it was used. */
  faults: { offset: number; text: string; afterFrame: number }[]
}

/**
 * Incidents of a document, told before the answer, whose document has none: ten thousand at once keep the page from
 * answering for seconds. As JSON, which is read three times as fast as what was cloned.
 */
export interface Part {
  list: 'incidents' | 'masked'
  incidents: Incident[]
}

export interface Opened {
  /** Null where nothing could be read. Its incidents come in parts. */
  document: DiagnosisDocument | null
  /** True where the user stopped reading: the document speaks of what was read until then. */
  isStopped: boolean
  /** Of each of the files, in their order. */
  files: FileReport[]
}

/** Requests over the time of the captures, in bins of equal length: healthy traffic as a background. */
export interface Traffic {
  /** RFC 3339 time of the first bin's beginning, and seconds a bin. */
  begin: string
  binSeconds: number
  /** Exchanges that began in each bin. */
  exchanges: number[]
}

export type { Layer, LayerField } from '@pcap-surgery/core'

/** A frame, read again from its file. */
export interface FrameDetail extends FrameRef {
  /** RFC 3339 with nanoseconds, by the capture's own clock. */
  time: string
  /** LINKTYPE_ number, and the length on the wire in bytes. */
  linkType: number
  wireLength: number
  bytes: Uint8Array<ArrayBuffer>
  layers: Layer[]
}

export type TableName = 'connections' | 'exchanges'
export type Cell = string | number | null

export interface TableQuery {
  table: TableName
  /** Column by its id, and the direction; null: in order of time. */
  sort: { column: string; descending: boolean } | null
  /** Words that a row must all have in one of its texts; empty: every row. */
  filter: string
}

/** A table that was sorted and filtered, of which rows can be asked for until the next one of its name is made. */
export interface TableView {
  rows: number
  /** Rows before filtering. */
  of: number
}

export interface Row {
  /** Number of the connection or exchange, whatever the view: of the same captures always the same. */
  id: number
  /** By column, in the order of the table's columns. */
  cells: Cell[]
}

export interface FactGroup {
  title: string
  facts: [label: string, value: string][]
}

/** All that is known of one row. */
export interface RowFacts {
  title: string
  /** Id of the incident that an exchange is part of. */
  incident: string | null
  groups: FactGroup[]
  /** Wireshark display filters that show it, by file. */
  filters: { file: string; filter: string }[]
}

export interface SaveRequest {
  incident: string
  format: 'pcapng' | 'pcap'
  anonymise: boolean
}

/** As `pcap-surgery diagnose --format` has them. */
export type ReportFormat = 'html' | 'markdown' | 'json' | 'har'

export interface ReportRequest {
  format: ReportFormat
  /** With `har`: the values of secret fields and parameters are left as they are. */
  showSecrets: boolean
}

/** A file that was made for the user to keep. */
export interface MadeFile {
  name: string
  blob: Blob
  /** What is to be said of it; empty when nothing is. */
  notes: string[]
}
