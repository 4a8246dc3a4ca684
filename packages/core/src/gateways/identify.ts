// Which product wrote an answer, or passed it on.
//
// A Server field says who touched the answer last, or first, and seldom who made it: nginx replaces it on relayed
// answers, Apache httpd lets the upstream's through. A stock error page, or a field that a product sets only on its own
// errors, does say who made it. It does not say on which hop: a relayed page keeps its maker's face, so compare with
// what came in on the upstream leg.
import type { Evidence, Fingerprint, Product } from './product.ts'
import { PRODUCTS } from './products.ts'

/** An answer's head and the beginning of its body (latin1; what lies past 1 KiB is not looked at). */
export interface GatewayResponse {
  status: number
  /** '' in HTTP/2. */
  reason: string
  field(name: string): string | null
  body: string
  /** 10, 11, 20 ... */
  version: number
}

export interface GatewayIdentity {
  id: string
  name: string
  /** `weak`: rests on a Server field alone, which anyone on the path may have set, or on hints. */
  strength: 'strong' | 'weak'
  /** What was seen, for a person. */
  because: string
  /** The answer proves that this product made it; false: the answer merely passed through it, as far as can be told. */
  own: boolean
}

/** Nothing longer is put to a pattern, so that none can run away. */
const LONGEST = 1024
const compiled = new Map<string, RegExp>()

/** Names the product behind an answer, or null. The most specific product with the best evidence wins. */
export function identifyGateway(response: GatewayResponse): GatewayIdentity | null {
  let best: Candidate | null = null
  for (const product of PRODUCTS) {
    const candidate = weigh(product, response)
    if (candidate && (!best || candidate.score > best.score)) best = candidate
  }
  return best && best.identity
}

/** Ids of products whose marks a request carries on an upstream leg: they stand on the path before the receiver. */
export function identifyFromRequest(field: (name: string) => string | null): string[] {
  const has = (name: string | undefined) => name !== undefined && field(name) !== null
  return PRODUCTS.filter((product) =>
    product.requestMarks?.some(
      (mark) =>
        matches(mark.pattern, field(mark.name)) &&
        (!mark.with || has(mark.with)) &&
        !(mark.without && has(mark.without)),
    ),
  ).map((product) => product.id)
}

interface Candidate {
  score: number
  identity: GatewayIdentity
}

const WEIGHT: { readonly [evidence in Evidence]: number } = { made: 1000, passed: 100, hint: 10 }

function weigh(product: Product, response: GatewayResponse): Candidate | null {
  let score = 0
  let hints = 0
  let best: Fingerprint | null = null
  for (const print of product.fingerprints) {
    if (!fits(print, response)) continue
    // A product's own error page is an error: on other answers the same mark only shows the path.
    const evidence = print.evidence === 'made' && response.status < 400 ? 'passed' : print.evidence
    if (evidence === 'hint') hints++
    // A Server field alone loses to a field that nobody but the product sets.
    const weight = WEIGHT[evidence] - (evidence === 'passed' && isServer(print) ? 50 : 0)
    if (weight > score || !best) {
      score = weight
      best = print
    }
  }
  if (!best) return null
  if (best.evidence === 'hint' && hints < 2) return null
  const own = score === WEIGHT.made
  // What is built on an engine wears the engine's pages too, so its own mark says more.
  if (product.engine !== product.id) score += 1
  const strength = own || (best.evidence !== 'hint' && !isServer(best)) ? 'strong' : 'weak'
  return {
    score: score + Math.min(hints, 5),
    identity: { id: product.id, name: product.name, strength, because: describe(best, response, own), own },
  }
}

function fits(print: Fingerprint, response: GatewayResponse): boolean {
  if (print.status !== undefined && print.status !== response.status) return false
  if (print.where === 'body') return matches(print.pattern, response.body)
  if (print.where === 'reason') return matches(print.pattern, response.reason)
  return matches(print.pattern, response.field(print.name ?? ''))
}

function matches(pattern: string, text: string | null): boolean {
  if (text === null || text === '') return false
  let regex = compiled.get(pattern)
  if (!regex) compiled.set(pattern, (regex = new RegExp(pattern)))
  return regex.test(text.slice(0, LONGEST))
}

function isServer(print: Fingerprint): boolean {
  return print.where === 'header' && print.name === 'server'
}

function describe(print: Fingerprint, response: GatewayResponse, own: boolean): string {
  const only = own ? ', as only its own errors have' : ''
  if (print.where === 'body') return own ? 'the body is its stock error page' : 'the body resembles its error page'
  if (print.where === 'reason') return `the reason phrase is "${response.reason.slice(0, 60)}"${only}`
  return `the answer carries ${print.name}: ${(response.field(print.name ?? '') ?? '').slice(0, 60)}${only}`
}
