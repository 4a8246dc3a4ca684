// A document is made to be passed on. What users send in confidence stays in the captures.
import { documentOf, gateway, request, response, type Tcp } from '@pcap-surgery/testkit'
import { expect, test } from 'vitest'

const headers = {
  Authorization: 'Basic hunter2',
  Cookie: 'session=hunter2',
  'Proxy-Authorization': 'hunter2',
  'X-Forwarded-For': '10.0.0.2',
}

const says =
  (text: string) =>
  (upstream: Tcp): Tcp =>
    upstream
      .handshake()
      .send('>', request('POST http://user:hunter2@app.example/report', headers, 'password=hunter2'))
      .wait(0.01)
      .send('<', text)
      .fin('>')

test.each([
  ['a good answer', response(200, 'hunter2', { 'Set-Cookie': 'session=hunter2' })],
  ['a gateway error', response(502, 'hunter2', { 'Set-Cookie': 'session=hunter2' })],
  ['TLS expected', response(400, 'plain HTTP request was sent to HTTPS port hunter2')],
  ['the rest of a body', 'hunter2 hunter2'],
  ['a cookie cut by a line end', 'HTTP/1.1 200 OK\r\nSet-Cookie: session=\nhunter2\r\n\r\n'],
  ['a cookie cut before a colon', 'HTTP/1.1 200 OK\r\nSet-Cookie: session=\n(hunter2): 1\r\n\r\n'],
  ['a chunk that does not end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhunter2\r\n'],
])('%s', async (_what, text) => {
  const ask = 'POST http://user:hunter2@app.example/report'
  const { front, back } = gateway({ ask, body: 'password=hunter2', attempts: [says(text)], answer: 502 })
  const document = await documentOf(front, back)
  expect(document.incidents).toHaveLength(1)
  expect(JSON.stringify(document)).not.toContain('hunter2')
})
