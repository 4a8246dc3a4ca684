import { describe, expect, it } from 'vitest'
import { identifyFromRequest, identifyGateway } from './identify.ts'
import { PRODUCTS } from './products.ts'

const fields = (of: Record<string, string>) => (name: string) => of[name] ?? null
const answer = (status: number, reason: string, header: Record<string, string>, body = '') =>
  identifyGateway({ status, reason, field: fields(header), body, version: 11 })

const nginxPage = (footer: string) =>
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n' +
  `<hr><center>${footer}</center>\r\n</body>\r\n</html>\r\n`

describe('an answer that its maker wrote', () => {
  it.each([
    ['nginx', answer(502, 'Bad Gateway', { server: 'nginx/1.22.1' }, nginxPage('nginx/1.22.1'))],
    ['openresty', answer(502, 'Bad Gateway', { server: 'openresty' }, nginxPage('openresty'))],
    [
      'nginx',
      answer(502, 'Bad Gateway', { server: 'cloudflare', 'cf-ray': '8f0a1b2c3d4e5f60-FRA' }, nginxPage('nginx')),
    ],
    ['kong', answer(503, '', { server: 'kong/3.4.2' }, '{"message":"name resolution failed"}')],
    [
      'haproxy',
      answer(
        504,
        'Gateway Time-out',
        { 'content-length': '92', 'cache-control': 'no-cache' },
        "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n",
      ),
    ],
    ['envoy', answer(504, '', { server: 'istio-envoy' }, 'upstream request timeout')],
    [
      'envoy',
      answer(
        503,
        '',
        { server: 'envoy' },
        'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
      ),
    ],
    ['httpd', answer(502, 'Proxy Error', { server: 'Apache/2.4.62 (Debian)' })],
    [
      'httpd',
      answer(
        503,
        'Service Unavailable',
        {},
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<p>The server is temporarily unable to service your\n' +
          'request due to maintenance downtime or capacity\nproblems. Please try again later.</p>',
      ),
    ],
    ['varnish', answer(503, 'Backend fetch failed', { 'x-varnish': '32770', via: '1.1 v (Varnish/7.1)' })],
    [
      'fastly',
      answer(503, '', {}, '<h3>Guru Mediation:</h3>\n<p>Details: cache-fra-1</p>\n<hr>\n<p>Varnish cache server</p>'),
    ],
    ['squid', answer(503, 'Service Unavailable', { 'x-squid-error': 'ERR_CONNECT_FAIL 111', server: 'squid/5.7' })],
    ['trafficserver', answer(502, 'Server Hangup', { server: 'ATS/9.2.5' })],
    [
      'lighttpd',
      answer(
        504,
        'Gateway Timeout',
        { server: 'lighttpd/1.4.69' },
        '<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n',
      ),
    ],
    ['h2o', answer(502, 'Gateway Error', { server: 'h2o/2.2.6' }, 'first byte timeout')],
    ['traefik', answer(503, 'Service Unavailable', {}, 'no available server\n')],
    [
      'aws-alb',
      answer(502, 'Bad Gateway', { server: 'awselb/2.0' }, nginxPage('').replace('<hr><center></center>\r\n', '')),
    ],
    ['cloudflare', answer(522, '', { server: 'cloudflare', 'cf-ray': '8f0a1b2c3d4e5f60-FRA' }, '')],
    ['cloudflare', answer(502, '', { server: 'cloudflare' }, nginxPage('cloudflare'))],
  ])('names %s and says that it made it', (id, identity) => {
    expect(identity).toMatchObject({ id, own: true, strength: 'strong' })
  })
})

describe('an answer that says only what it passed', () => {
  it.each([
    ['nginx', 'weak', answer(502, 'Bad Gateway', { server: 'nginx' }, '{"error":"db down"}')],
    ['caddy', 'weak', answer(502, 'Bad Gateway', { server: 'Caddy', 'content-length': '0' })],
    ['traefik', 'weak', answer(502, 'Bad Gateway', { 'content-length': '11' }, 'Bad Gateway')],
    ['haproxy', 'weak', answer(502, 'Bad Gateway', { 'content-length': '107', 'cache-control': 'no-cache' })],
    ['cloudflare', 'strong', answer(502, '', { server: 'cloudflare', 'cf-ray': '8f0a1b2c3d4e5f60-FRA' }, '{}')],
    ['envoy', 'strong', answer(503, '', { server: 'envoy', 'x-envoy-upstream-service-time': '3' }, 'busy')],
    ['istio', 'weak', answer(503, '', { server: 'istio-envoy' }, 'busy')],
    ['fastly', 'strong', answer(503, '', { via: '1.1 varnish', 'x-served-by': 'cache-fra-etou8220133-FRA' }, '')],
    ['varnish', 'strong', answer(502, 'Bad Gateway', { server: 'nginx', 'x-varnish': '5' }, '')],
  ])('names %s, %s, as not proven', (id, strength, identity) => {
    expect(identity).toMatchObject({ id, own: false, strength })
  })

  it('takes an error mark on a success for the path alone', () => {
    expect(answer(200, 'OK', { server: 'squid/5.7' }, '')).toMatchObject({ id: 'squid', own: false })
  })

  it('names nobody on one hint or none', () => {
    expect(answer(502, 'Bad Gateway', {}, '')).toBeNull()
    expect(answer(502, 'Bad Gateway', { 'cache-control': 'no-cache' }, 'oops')).toBeNull()
  })
})

describe('marks on the upstream leg', () => {
  it('tells who stood before the receiver', () => {
    expect(identifyFromRequest(fields({ 'x-varnish': '32770' }))).toEqual(['varnish'])
    expect(identifyFromRequest(fields({ via: '1.1 cache (squid/5.7)' }))).toEqual(['squid'])
    expect(identifyFromRequest(fields({ 'x-envoy-expected-rq-timeout-ms': '15000' }))).toEqual(['envoy'])
    expect(identifyFromRequest(fields({ 'x-forwarded-server': 'www.example' }))).toEqual(['httpd'])
    expect(identifyFromRequest(fields({ 'x-forwarded-server': 'a1', 'x-real-ip': '192.0.2.1' }))).toEqual(['traefik'])
    expect(identifyFromRequest(fields({ host: 'example' }))).toEqual([])
  })
})

describe('the table', () => {
  const patterns = PRODUCTS.flatMap((product) => [...product.fingerprints, ...(product.requestMarks ?? [])]).map(
    (print) => print.pattern,
  )

  it('has 62 products, each once, and only patterns that compile', () => {
    expect(new Set(PRODUCTS.map((product) => product.id)).size).toBe(62)
    expect(PRODUCTS).toHaveLength(62)
    for (const pattern of patterns) expect(() => new RegExp(pattern)).not.toThrow()
  })

  it('has no pattern that repeats a group without bound, nor two open-ended runs of anything', () => {
    for (const pattern of patterns) {
      expect(pattern).not.toMatch(/\)[*+{]/)
      expect(pattern).not.toMatch(/\.[*+].*\.[*+]/)
    }
  })
})
