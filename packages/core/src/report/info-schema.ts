// JSON Schema of what `info --format json` prints; schema/info-1.schema.json is this object, printed.
import type { CaptureFault } from '../capture/packet.ts'
import type { CaptureInformation, InfoDocument, InterfaceInformation } from './info.ts'
import { integer, is, type JsonSchema, list, orNull, record, seconds, text, time } from './json-schema.ts'

/** An object of its own fields, which has no type by itself. */
const group = <T>(description: string, properties: { readonly [field in keyof T]-?: JsonSchema }): JsonSchema =>
  record<T>(description, properties)

const fault = record<CaptureFault>('Something wrong with the file. What stands before it was read.', {
  offset: integer('Byte offset in the decompressed capture; of damaged compression in the file.'),
  afterFrame: integer('Frames up to this one are good.'),
  text: text('One sentence.'),
  fatal: { description: 'True: reading ended here.', type: 'boolean' },
})

const anInterface = record<InterfaceInformation>('An interface that packets were captured at; of pcap there is one.', {
  id: integer('Its number in the capture.'),
  linkType: integer('LINKTYPE_ number.'),
  linkTypeName: text('Name of the link type; of unknown ones the number.'),
  name: orNull(text('Its name; null: not stated.')),
  description: orNull(text('Its description; null: not stated.')),
  filter: orNull(text('Capture filter as text; null: not stated.')),
  os: orNull(text('Operating system; null: not stated.')),
  hardware: orNull(text('Its hardware; null: not stated.')),
  snapLength: integer('Bytes kept of a packet; 0: no limit stated.'),
  frames: integer('Frames of it in the file.'),
  received: orNull(integer('Packets that it received; null: not stated.')),
  dropped: orNull(integer('Packets that were dropped; null: not stated.')),
})

const capture = record<CaptureInformation>('One capture file.', {
  file: text('Name as given; `-` is standard input.'),
  bytes: integer('Bytes of the file as it is, compressed or not.'),
  sha256: { ...text('SHA-256 of these bytes.'), pattern: '^[0-9a-f]{64}$' },
  format: orNull(text('File format: `pcap` or `pcapng`; null: neither.')),
  compression: orNull(text('`gzip`, `zstd` or `lz4`; null: not compressed.')),
  frames: integer('Frames.'),
  capturedBytes: integer('Bytes of packets in the file.'),
  wireBytes: integer('Bytes that these packets had on the wire.'),
  cutFrames: integer('Frames that have fewer bytes than on the wire.'),
  first: orNull(time('Earliest time; null: no frame.')),
  last: orNull(time('Latest time; null: no frame.')),
  durationSeconds: orNull(seconds('Seconds between them; null: no frame.')),
  outOfOrder: group<CaptureInformation['outOfOrder']>('Frames that are earlier than one before them.', {
    frames: integer('How many.'),
    mostSeconds: seconds('By how many seconds at most.'),
  }),
  section: group<CaptureInformation['section']>('What the file says of the host it was captured on.', {
    hardware: orNull(text('Hardware; null: not stated.')),
    os: orNull(text('Operating system; null: not stated.')),
    application: orNull(text('Program that wrote the file; null: not stated.')),
  }),
  interfaces: list('Interfaces, by number.', is('interface')),
  comments: list('Comments of sections, interfaces and the like, at most 100.', text('A comment.')),
  commentedFrames: integer('Frames with a comment.'),
  names: integer('Addresses that the file has names for.'),
  secrets: group<CaptureInformation['secrets']>('Decryption secrets in the file. They are never told.', {
    blocks: integer('Blocks with secrets.'),
    sessions: integer('TLS sessions whose secrets are in them.'),
  }),
  customBlocks: integer('Custom blocks.'),
  faults: list('What is wrong with the file.', is('fault')),
})

/** The schema of `InfoDocument`, as published in `schema/info-1.schema.json`. */
export const INFO_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'What is in capture files',
  ...record<InfoDocument>('What pcap-surgery info answers.', {
    schema: { description: 'Name and version of this format.', const: 'pcap-surgery/info@1' },
    captures: list('The captures, as they were named; those that could not be opened are left out.', is('capture')),
  }),
  $defs: { capture, interface: anInterface, fault },
}
