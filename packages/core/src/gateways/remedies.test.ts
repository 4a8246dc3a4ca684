import { describe, expect, it } from 'vitest'
import { CATALOGUE, type CauseCode } from '../diagnose/catalogue.ts'
import { PRODUCTS } from './products.ts'
import { remedies, type RemedyContext } from './remedies.ts'
import { middleboxesForgettingAfter, serversClosingAfter } from './servers.ts'
import { SETTINGS } from './settings.ts'
import { inferredStatus, isOwnDress } from './status.ts'
import { matchingTimer } from './timers.ts'

const nothing: RemedyContext = { waitSeconds: null, idleSeconds: null, upstream: null, headBytes: null, protocol: null }
const closing = (gap: number) => serversClosingAfter(gap).map((server) => server.id)
const codes = Object.keys(CATALOGUE) as CauseCode[]

describe('remedies', () => {
  it('names the directive of the module that speaks to the upstream', () => {
    const steps = remedies('upstream-slow', 'nginx', { ...nothing, waitSeconds: 60.02, protocol: 'fastcgi' })
    expect(steps.join()).toContain('fastcgi_read_timeout')
    expect(steps.join()).not.toContain('proxy_read_timeout')
  })

  it('puts the upstream first when it is slow, and names the timer that ran out', () => {
    const [first, second] = remedies('upstream-slow', 'nginx', {
      ...nothing,
      waitSeconds: 60.02,
      upstream: '10.2.0.2:8080',
    })
    expect(first).toContain('10.2.0.2:8080')
    expect(second).toContain('default of proxy_read_timeout (60 s)')
  })

  it('puts the pool timer first in a race, below the gap that failed', () => {
    const steps = remedies('keepalive-race', 'nginx', { ...nothing, idleSeconds: 5.003 })
    expect(steps[0]).toContain('keepalive_timeout 4s;')
    expect(steps[1]).toContain('Uvicorn')
  })

  it('moves the server where the pool cannot be moved', () => {
    const steps = remedies('keepalive-race', 'aws-alb', { ...nothing, idleSeconds: 5.003 })
    expect(steps[0]).toContain("Raise the upstream's keep-alive timeout above the proxy's pool timer (60 s")
  })

  it('suggests an idle limit below the box that forgot, not below the gap', () => {
    const steps = remedies('idle-drop', 'envoy', { ...nothing, idleSeconds: 400 })
    expect(steps[1]).toContain('idle_timeout: 315s')
    expect(steps[2]).toContain('AWS NAT gateway')
  })

  it('sizes the buffer above the head that did not fit', () => {
    const context = { ...nothing, headBytes: 20_000, protocol: null }
    expect(remedies('response-header-too-large', 'nginx', context)[0]).toContain('proxy_buffer_size 32k;')
    expect(remedies('response-header-too-large', 'haproxy', context)[0]).toContain('tune.bufsize 32768')
  })

  it('has one to three filled-in steps for every cause and product, and the catalogue when there is none', () => {
    const context = { waitSeconds: 30, idleSeconds: 400, upstream: '[2001:db8::2]:80', headBytes: 9000, protocol: null }
    for (const code of codes) {
      expect(remedies(code, null, nothing)).toEqual([CATALOGUE[code].remedy])
      for (const { id } of PRODUCTS) {
        const steps = remedies(code, id, context)
        expect(steps.length).toBeGreaterThan(0)
        expect(steps.length).toBeLessThan(4)
        expect(steps.join(' ')).not.toMatch(/\{(seconds|bytes|kilobytes)\}|NaN|undefined/)
      }
    }
  })

  it('has settings only for products that exist', () => {
    const ids = new Set(PRODUCTS.map((product) => product.id))
    expect(Object.keys(SETTINGS).filter((id) => !ids.has(id))).toEqual([])
  })
})

describe('timers', () => {
  it('matches a default that fired on time or late, not early', () => {
    expect(matchingTimer('nginx', 'response', 60.2)).toEqual({ setting: 'proxy_read_timeout', defaultSeconds: 60 })
    expect(matchingTimer('nginx', 'response', 57)).toBeNull()
    expect(matchingTimer('haproxy', 'response', 50.01)?.setting).toBe('timeout server')
    expect(matchingTimer('varnish', 'connect', 4.01)).toBeNull()
    expect(matchingTimer('lighttpd', 'connect', 9.8)?.defaultSeconds).toBe(8)
    expect(matchingTimer(null, 'response', 60)).toBeNull()
  })

  it('knows who closes and who forgets after a gap', () => {
    expect(closing(6.01)).toEqual(['nodejs'])
    expect(serversClosingAfter(5, 'uvicorn').map((server) => server.id)).toEqual(['uvicorn'])
    expect(closing(140)).toEqual(['waitress'])
    expect(middleboxesForgettingAfter(100).map((box) => box.id)).toEqual(['aws-alb-clb'])
    expect(middleboxesForgettingAfter(360)[0]?.tcpIdleSeconds).toBe(350)
  })
})

describe('statuses', () => {
  it('knows the dress of each product', () => {
    expect(isOwnDress('varnish', 502)).toBe(false)
    expect(isOwnDress('cloudflare', 522)).toBe(true)
    expect(isOwnDress('httpd', 500)).toBe(true)
    expect(isOwnDress(null, 500)).toBe(false)
    expect(isOwnDress(null, 504)).toBe(true)
    expect(inferredStatus('httpd', 'upstream-silent')).toBe(502)
    expect(inferredStatus('haproxy', 'connect-refused')).toBe(503)
  })

  it('infers a status that nobody can read, of an unknown product by the RFC', () => {
    expect(inferredStatus(null, 'upstream-silent')).toBe(504)
    expect(inferredStatus(null, 'connect-refused')).toBe(502)
    expect(inferredStatus(null, 'no-healthy-upstream')).toBe(503)
  })
})
