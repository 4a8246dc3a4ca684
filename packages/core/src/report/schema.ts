// JSON Schema of the document. Every object's fields are typed over the interface they describe: a field
// that is missing here, or was renamed there, does not compile. schema/diagnosis-1.schema.json is this object, printed.
import { CATALOGUE } from '../diagnose/catalogue.ts'
import type {
  Attempt,
  CaptureSummary,
  CheckStep,
  Clock,
  ClockStep,
  DiagnosisDocument,
  Finding,
  FrameRef,
  Hop,
  Incident,
  MissingCapture,
  RuledOut,
  TimelineEntry,
} from './document.ts'
import {
  choice,
  integer,
  is,
  type JsonSchema,
  list,
  number,
  orNull,
  record,
  seconds,
  text,
  time,
} from './json-schema.ts'

const VANTAGES = ['client', 'proxy-front', 'proxy-back', 'upstream']

const ADDRESS = '([0-9.]+|\\[[0-9a-f:.]+\\])'

/** `10.1.0.2:41234` or `[2001:db8::2]:41234`. */
const endpoint = (description: string): JsonSchema => orNull({ ...text(description), pattern: `^${ADDRESS}:\\d{1,5}$` })
/** The same, without a port where only the address is known: no SYN was sent, as nobody answered for its link layer. */
const tried = (description: string): JsonSchema =>
  orNull({ ...text(`${description} Without a port where no SYN was sent.`), pattern: `^${ADDRESS}(:\\d{1,5})?$` })

const frames = list('The frames that show it.', is('frame'))

const frame = record<FrameRef>('A frame of a capture.', {
  capture: integer('Id of the capture in `captures`.'),
  frame: { ...integer('Number of the frame, counted from 1 as Wireshark does.'), minimum: 1 },
})

const clockStep = record<ClockStep>('A moment at which a clock was set.', {
  afterSeconds: seconds('Not before this, in seconds after the capture’s first frame.'),
  beforeSeconds: seconds('Nor after this.'),
  low: orNull(seconds('Seconds by which it was set forward, at least; negative: backward; null: not known.')),
  high: seconds('At most.'),
})

const clock = record<Clock>('How this capture’s clock relates to that of the first capture.', {
  offsetSeconds: orNull(seconds('Seconds to subtract from this capture’s times; null: not known.')),
  low: orNull(seconds('Smallest offset in seconds that the packets allow; null: not known.')),
  high: orNull(seconds('Largest offset in seconds that the packets allow; null: not known.')),
  by: {
    anyOf: [choice('What tells.', ['packets', 'cause-and-effect']), { type: 'null' }],
    description:
      'Packets that both captures saw, or requests and the tries made for them: then the offset is bounded by cause and effect only. Null for the first capture, and where nothing is known.',
  },
  driftPpm: orNull(
    record<NonNullable<Clock['driftPpm']>>('How much faster the clock runs, in parts per million.', {
      low: number('At least.'),
      high: number('At most.'),
    }),
  ),
  steps: list('When the clock was set, by itself or by most of the other captures.', clockStep),
  isContradictory: {
    description: 'The captures contradict each other on the offset; the bounds are widened until they do not.',
    type: 'boolean',
  },
})

const capture = record<CaptureSummary>('One capture that was read.', {
  id: integer('Referred to by `frames`.'),
  file: text('Name as given; `-` is standard input.'),
  format: text('File format: `pcap` or `pcapng`.'),
  frames: integer('Frames read.'),
  first: orNull(time('Time of the first frame; null: no frame.')),
  last: orNull(time('Time of the last frame; null: no frame.')),
  vantages: list('Where it was taken; one capture can hold several.', choice('A vantage.', VANTAGES)),
  clock: is('clock'),
  warnings: list('What is wrong with this capture: damage, drops, cut packets.', text('One sentence.')),
})

const attempt = record<Attempt>('One try of the proxy at one upstream.', {
  upstream: tried('Address tried; null: none was reached or seen.'),
  proxyBack: endpoint('The proxy’s end of that connection; null: not seen.'),
  cause: { anyOf: [is('cause'), { type: 'null' }], description: 'Why it failed; null: it succeeded.' },
  startSeconds: orNull(seconds('Start, in seconds after the client’s request; null: not known.')),
  durationSeconds: orNull(seconds('Duration in seconds; null: not known.')),
})

const finding = record<Finding>('One thing seen.', { text: text('One sentence.'), frames })

const alternative = record<RuledOut>('A cause other than the one named, and the reason.', {
  cause: is('cause'),
  because: text('What speaks against it or, under `competing`, what would decide. One sentence.'),
  frames,
})

const step = record<CheckStep>('A step of the checklist.', {
  step: { ...integer('Number of the step, 1 to 10.'), minimum: 1, maximum: 10 },
  outcome: choice('Outcome of the step.', ['pass', 'fail', 'unknown', 'not-applicable']),
  text: text('One line.'),
  frames,
})

const missing = record<MissingCapture>(
  'A capture that would settle what these cannot.',
  {
    vantage: choice('Where to take it.', VANTAGES),
    because: text('On which host, and what it would show. One sentence.'),
    command: text('Command that takes it (tcpdump).'),
    decides: list('Causes that it would confirm or exclude; empty: the cause is still unknown.', is('cause')),
    windows: list(
      'The same capture on Windows, in order; the last two when it has happened again.',
      text('Command (pktmon).'),
    ),
    keys: text('How to get the TLS key log that such a capture needs to be read; absent: it needs none.'),
  },
  ['decides', 'windows', 'keys'],
)

const timelineEntry = record<TimelineEntry>('One line of the packet story.', {
  seconds: seconds('Seconds after the client’s request; negative: before it.'),
  leg: choice('Where it happened; from one proxy to the next: upstream.', ['client', 'upstream', 'name-service']),
  from: orNull(text('Sender: an endpoint or an address; null: nobody in particular.')),
  to: orNull(text('Receiver; null: nobody in particular.')),
  text: text('What happened, in a few words.'),
  frames,
  deciding: { description: 'True on the entries that decide the cause.', type: 'boolean' },
})

const incident = record<Incident>(
  'An exchange that a proxy failed on an upstream’s behalf, or a failure that a retry hid.',
  {
    id: text('Unique in this document.'),
    status: orNull({ ...integer('Status the client got; null: none was sent, or not known.'), maximum: 999 }),
    statusSeen: {
      description:
        'False: the client leg is not captured, or encrypted and not decrypted; `status` is inferred or null.',
      type: 'boolean',
    },
    time: time('Time of the request, on the first capture’s clock.'),
    method: orNull(text('Request method; null: not known, as in TLS without its keys.')),
    path: orNull(text('Request target as sent, without user and password; one character a byte; null: not known.')),
    host: orNull(text('Host of the request; null: none, or not known.')),
    client: endpoint('The client’s end of the client leg.'),
    proxyFront: endpoint('The proxy’s end of the client leg.'),
    hops: list('Connections from proxy to proxy, in order; empty where there is one proxy.', {
      ...record<Hop>('From one proxy to the next.', {
        from: text('The end of the proxy that asked.'),
        to: text('The end of the proxy that was asked.'),
      }),
    }),
    proxyBack: endpoint('The proxy’s end of the upstream leg, of the attempt that decided the answer.'),
    upstream: tried('The upstream’s end of the upstream leg, of the attempt that decided the answer.'),
    gateway: orNull(text('Product that made the answer; null: it cannot be told.')),
    cause: is('cause'),
    class: choice('Class of the cause.', [...new Set(Object.values(CATALOGUE).map((entry) => entry.class))]),
    domain: choice('Whose failure it is.', [
      'proxy',
      'load-balancer',
      'upstream',
      'dependency',
      'network',
      'name-service',
      'unknown',
    ]),
    confidence: choice('How sure: frames prove it; they fit it alone; they fit it best.', [
      'certain',
      'likely',
      'possible',
    ]),
    summary: text('What happened, in one sentence.'),
    waitSeconds: orNull(seconds('Seconds from the request to the end of the wait; null: not known.')),
    attempts: list('Every attempt, in order.', is('attempt')),
    contributing: list('Causes of earlier attempts of the same request.', is('cause')),
    competing: list('Causes that cannot be excluded, best first; empty when certain.', is('alternative')),
    ruledOut: list('Causes that packets contradict.', is('alternative')),
    findings: list('What was seen.', is('finding')),
    timeline: list('The packet story of both legs, in order of time.', is('timelineEntry')),
    checklist: list('The ten steps.', is('step')),
    missing: list('Captures that would help.', is('missing')),
    remedies: list('What to change, best first.', text('One or two sentences.')),
    filters: list(
      'Wireshark display filters that show exactly this incident’s connections, of HTTP/2 its stream; of many attempts the first and the last.',
      {
        ...record<Incident['filters'][number]>('A filter for one capture.', {
          capture: integer('Id of the capture in `captures`.'),
          filter: text('Wireshark display filter.'),
        }),
      },
    ),
  },
)

/** The schema of `DiagnosisDocument`, as published in `schema/diagnosis-1.schema.json`. */
export const DIAGNOSIS_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:pcap-surgery:diagnosis:1',
  title: 'PCAP Surgery diagnosis',
  ...record<DiagnosisDocument>('What `pcap-surgery diagnose --format json` prints. Unknown is null.', {
    schema: { description: 'Name and version of this schema.', const: 'pcap-surgery/diagnosis@1' },
    captures: list('The captures that were read.', is('capture')),
    incidents: list('The failed exchanges, in order of time.', is('incident')),
    masked: list('Failures that a retry hid: the client saw success.', is('incident')),
    healthy: record<DiagnosisDocument['healthy']>('What went well.', {
      exchanges: integer('Exchanges that no gateway failed.'),
    }),
    notes: list('What could not be read, decrypted or judged.', text('One sentence.')),
  }),
  $defs: {
    cause: choice('Code of a cause.', Object.keys(CATALOGUE)),
    frame,
    clock,
    capture,
    attempt,
    finding,
    alternative,
    step,
    missing,
    timelineEntry,
    incident,
  },
}
