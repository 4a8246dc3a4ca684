import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import type { DiagnosisDocument, Incident } from './document.ts'
import { DIAGNOSIS_SCHEMA } from './schema.ts'

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(DIAGNOSIS_SCHEMA)

const frames = [{ capture: 0, frame: 17 }]

const incident: Incident = {
  id: '1',
  status: 504,
  statusSeen: true,
  time: '2026-11-22T08:57:21.682000001Z',
  method: 'GET',
  path: '/api/report',
  host: 'shop.example',
  client: '10.1.0.2:41234',
  proxyFront: '10.1.0.1:80',
  hops: [{ from: '10.2.0.9:41000', to: '10.2.0.1:8080' }],
  proxyBack: '[2001:db8::1]:53210',
  upstream: '[2001:db8::2]:8080',
  gateway: 'nginx',
  cause: 'upstream-slow',
  class: 'slow-upstream',
  domain: 'upstream',
  confidence: 'likely',
  summary: 'The upstream took longer than the proxy waits.',
  waitSeconds: 2.001,
  attempts: [
    { upstream: '10.2.0.2:8080', proxyBack: null, cause: 'connect-refused', startSeconds: 0.1, durationSeconds: null },
    { upstream: '10.2.0.3:8080', proxyBack: '10.2.0.1:2', cause: null, startSeconds: null, durationSeconds: 2 },
  ],
  contributing: ['connect-refused'],
  competing: [{ cause: 'upstream-silent', because: 'A longer capture would decide.', frames: [] }],
  ruledOut: [{ cause: 'zero-window', because: 'The window never closed.', frames }],
  findings: [{ text: 'The answer began after the proxy gave up.', frames }],
  timeline: [{ seconds: -0.1, leg: 'client', from: '10.1.0.2:41234', to: null, text: 'GET', frames, deciding: false }],
  checklist: [{ step: 10, outcome: 'not-applicable', text: 'Not an isolated capture.', frames: [] }],
  missing: [{ vantage: 'upstream', because: 'It shows what arrived.', command: 'tcpdump -w upstream.pcap' }],
  remedies: ['Make the upstream faster.'],
  filters: [{ capture: 0, filter: 'tcp.stream == 1' }],
}

const document: DiagnosisDocument = {
  schema: 'pcap-surgery/diagnosis@1',
  captures: [
    {
      id: 0,
      file: 'proxy.pcap',
      format: 'pcap',
      frames: 541,
      first: '2026-11-22T08:57:01.000000000Z',
      last: null,
      vantages: ['proxy-front', 'proxy-back'],
      clock: { offsetSeconds: 0, low: 0, high: null, by: null, driftPpm: null, steps: [], isContradictory: false },
      warnings: ['12 frames were cut.'],
    },
  ],
  incidents: [incident],
  masked: [incident],
  healthy: { exchanges: 15 },
  notes: ['One stream is encrypted.'],
}

const problems = (value: unknown): string[] => {
  validate(value)
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.keyword}`)
}

test('a full document validates', () => {
  expect(problems(document)).toEqual([])
})

test('fields of a later version are allowed everywhere', () => {
  expect(problems({ ...document, more: 1, incidents: [{ ...incident, more: 1 }] })).toEqual([])
})

test.each<[string, object]>([
  ['/incidents/0/cause enum', { cause: 'gremlins' }],
  ['/incidents/0/confidence enum', { confidence: 'sure' }],
  ['/incidents/0/time pattern', { time: '2026-11-22T08:57:21Z' }],
  ['/incidents/0/client pattern', { client: '2001:db8::2:80' }],
  ['/incidents/0/waitSeconds type', { waitSeconds: '2.001' }],
  ['/incidents/0/findings/0/frames/0/frame minimum', { findings: [{ text: '', frames: [{ capture: 0, frame: 0 }] }] }],
  [
    '/incidents/0/attempts/0 required',
    { attempts: [{ upstream: null, proxyBack: null, cause: null, startSeconds: 0 }] },
  ],
])('a wrong field is found: %s', (problem, change) => {
  expect(problems({ ...document, incidents: [{ ...incident, ...change }] })).toEqual([problem])
})

// Rewritten by `npx vitest run schema -u`.
test('the published file is this schema', async () => {
  const published = `${JSON.stringify(DIAGNOSIS_SCHEMA, null, 2)}\n`
  await expect(published).toMatchFileSnapshot('../../schema/diagnosis-1.schema.json')
})
