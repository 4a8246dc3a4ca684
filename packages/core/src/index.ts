// The whole public surface of the core.
export type { AeadName, AeadOpen, CbcDecrypt, HashName, Mac, TlsCrypto } from './app/tls/crypto.ts'
export { nobleCrypto } from './app/tls/crypto-noble.ts'
export { KeyLog, type KeyLogFaults, parseKeyLog } from './app/tls/keylog.ts'
export type { Bytes } from './bytes/read.ts'
export type { Decompress, DecompressionPort } from './capture/compression.ts'
export type {
  CaptureFault,
  CaptureInfo,
  CaptureInterface,
  CaptureReader,
  Packet,
  PacketSink,
} from './capture/packet.ts'
export { CATALOGUE, type CauseClass, type CauseCode, type CauseEntry, type Domain } from './diagnose/catalogue.ts'
export { exchangeCount, exchangesOf } from './observe/exchange-table.ts'
export * from './observe/observations.ts'
export { type CaptureInput, observe, type ObserveOptions } from './observe/observe.ts'
export { packetsOf } from './observe/packets.ts'
export { diagnose } from './report/diagnose.ts'
export * from './report/document.ts'
export { DIAGNOSIS_SCHEMA, type JsonSchema } from './report/schema.ts'
export { correlate, type CorrelateOptions } from './story/correlate.ts'
export { rotatedSets } from './story/rotation.ts'
export * from './story/story.ts'
