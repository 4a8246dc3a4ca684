// The whole public surface of the core.
export { duration, offset, plural } from './amounts.ts'
export type { AeadName, AeadOpen, CbcDecrypt, HashName, Mac, TlsCrypto } from './app/tls/crypto.ts'
export { nobleCrypto } from './app/tls/crypto-noble.ts'
export { KeyLog, type KeyLogFaults, parseKeyLog } from './app/tls/keylog.ts'
export { type Sniffed, SNIFFED_NAMES } from './app/sniff.ts'
export { parseAddress } from './bytes/address.ts'
export type { Bytes } from './bytes/read.ts'
export type { Decompress, DecompressionPort } from './capture/compression.ts'
export type {
  CaptureFault,
  CaptureInfo,
  CaptureInterface,
  CaptureReader,
  Instant,
  Packet,
  PacketSink,
} from './capture/packet.ts'
export { type ReadFrame, readFrames, type ReadFramesOptions } from './capture/read-frames.ts'
export { parseSourceName, type SourceName, sourceName } from './capture/source-name.ts'
export { captureWriter, linkTypesText, lostText, type WrittenFormat } from './capture/write.ts'
export { type PcapOptions, pcapWriter } from './capture/write-pcap.ts'
export { pcapngWriter, type WrittenSection } from './capture/write-pcapng.ts'
export {
  type CaptureWriter,
  type Emit,
  LinkTypesDiffer,
  type WrittenInterface,
  type WrittenPacket,
} from './capture/writer.ts'
export { type Found, hide, type Hidden, told } from './cut/anonymised.ts'
export type { CutBench, Draft, DraftKind } from './cut/bench.ts'
export {
  cutIncident,
  type IncidentCut,
  type IncidentCutOptions,
  type IncidentCutSubject,
  unprovenText,
} from './cut/incident.ts'
export { type Proof, proofText, sealedOf, type Verdict } from './cut/proof.ts'
export { clockOf, type CutInput } from './cut/sources.ts'
export { type Cut, type CutForm, type CutTexts, discardCuts, writeCut } from './cut/write.ts'
export { CATALOGUE, type CauseClass, type CauseCode, type CauseEntry, type Domain } from './diagnose/catalogue.ts'
export { dissect } from './dissect/dissect.ts'
export type { Layer, LayerField } from './dissect/layer.ts'
export {
  connectionAt,
  connectionPlace,
  connectionsOf,
  type ConnectionTable,
  exchangeRowsOf,
  hasDecrypted,
  troubledOf,
} from './observe/connection-table.ts'
export { exchangeAt, exchangePlace } from './observe/exchange-table.ts'
export {
  type NamedCapture,
  type ObservedFile,
  type ObservedFiles,
  observeFiles,
  type ObserveJob,
  type ObserveJobs,
  placesWithin,
} from './observe/files.ts'
export * from './observe/observations.ts'
export {
  type CaptureInput,
  LiveCapture,
  observe,
  observeApart,
  type ObserveOptions,
  type ObserveProgress,
} from './observe/observe.ts'
export { addedTo, type SetBack } from './observe/steady-time.ts'
export { joinShares, type Share, transferablesOf } from './observe/shares.ts'
export { packetsOf } from './observe/packets.ts'
export { type Depth } from './report/capture-command.ts'
export {
  type CapturePlan,
  capturePlan,
  type CapturePlanOptions,
  type HostRole,
  type PlanEndpoint,
  type PlanStep,
} from './report/capture-plan.ts'
export { diagnose } from './report/diagnose.ts'
export * from './report/document.ts'
export { type Evidence, evidenceOf, type EvidenceOptions, type Width, WIDTHS } from './report/evidence.ts'
export { harOf, type HarOptions } from './report/har/har.ts'
export { filtersFor } from './report/filter.ts'
export { incidentsOfExchanges } from './report/incident-exchanges.ts'
export type { Leg } from './report/kept.ts'
export * from './report/info.ts'
export {
  type ArrowRow,
  type BundleRow,
  type FoldRow,
  foldFrom,
  type LadderLayout,
  type LadderRow,
  LAYOUT,
  type LayoutOptions,
  layoutOf,
  type OmittedRow,
} from './report/ladder-layout.ts'
export { LADDER_CSS, ladderSvg, type SvgOptions } from './report/ladder-svg.ts'
export { json, visible } from './report/escape.ts'
export { htmlReport, type ReportOptions } from './report/html.ts'
export { ladderLines, type LinesOptions } from './report/ladder-lines.ts'
export { markdownReport } from './report/markdown.ts'
export {
  arrowDetail,
  arrowWords,
  bundleWords,
  frameWords,
  laneWords,
  leftOutWords,
  markWords,
} from './report/ladder-text.ts'
export {
  type Arrow,
  type ArrowKind,
  type ArrowMark,
  type ArrowTcp,
  type Ladder,
  type LadderConnection,
  ladderOf,
  type Lane,
  type LaneRole,
} from './report/ladder.ts'
export { INFO_SCHEMA } from './report/info-schema.ts'
export { jsonReport } from './report/json-report.ts'
export type { JsonSchema } from './report/json-schema.ts'
export { DIAGNOSIS_SCHEMA } from './report/schema.ts'
export { type Clocked, type ClockPiece, fromStory, onFirstClock, toStory } from './story/clocks/time.ts'
export { ownTimestamp, timestamp } from './report/time.ts'
export { type Told, Watch, type WatchOptions } from './report/watch.ts'
export { correlate, type CorrelateOptions } from './story/correlate.ts'
export * from './story/story.ts'
export { type CopiedPackets, type Retime } from './surgery/copier.ts'
export { type Copied, copy, type CopyOptions, type CopySource } from './surgery/copy.ts'
export { Anonymiser } from './surgery/anonymise/anonymise.ts'
export { KeyedPseudonyms, type Mapping } from './surgery/anonymise/pseudonyms.ts'
export { type Filter, type ParsedFilter, parseFilter } from './surgery/filter.ts'
export {
  isolate,
  type Isolated,
  type IsolatedPart,
  type IsolateOptions,
  type Source,
  type SourcePart,
} from './surgery/isolate.ts'
export { merge, type MergeOptions, type MergeSource } from './surgery/merge.ts'
export { later, shifted } from './surgery/retime.ts'
export {
  type Chooser,
  type ConnectionPart,
  type FrameRange,
  handChooser,
  type HandCut,
  type Selection,
  selectionChooser,
  type TimeRange,
} from './surgery/select.ts'
/** How the document's values are said to a person. */
export * as words from './report/words.ts'
