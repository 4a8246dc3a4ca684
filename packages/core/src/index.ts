// The whole public surface of the core.
export type { Bytes } from './bytes/read.ts'
export type {
  CaptureFault,
  CaptureInfo,
  CaptureInterface,
  CaptureReader,
  Packet,
  PacketSink,
} from './capture/packet.ts'
export * from './report/document.ts'
export { CATALOGUE, type CauseClass, type CauseCode, type CauseEntry, type Domain } from './diagnose/catalogue.ts'
export { DIAGNOSIS_SCHEMA, type JsonSchema } from './report/schema.ts'
