// What becomes of a field's value, by its name (RFC 9110), in HTTP of any version and in what gateways hand to
// applications. What is not known is scrubbed word by word. Whatever the rule, the part by which a product is recognised
// stays: the diagnosis names the gateway by it.
import { type Bytes, latin1 } from '../../bytes/read.ts'
import { PRODUCTS } from '../../gateways/products.ts'
import type { Pseudonyms } from './contract.ts'
import { keepsNothing, type Keeps, scrubHost, scrubNames, scrubTarget, scrubText, write } from './text.ts'
import {
  fieldOf,
  isKnownField,
  isKnownVariable,
  keepsForwarded,
  keepsPrefix,
  keepsProducts,
  keepsProtocol,
  keepsWords,
} from './vocabulary.ts'

type Rule = (p: Pseudonyms, b: Bytes, from: number, to: number) => void

const keeping =
  (keeps: Keeps): Rule =>
  (p, b, from, to) =>
    scrubText(p, b, from, to, keeps)

/** Numbers and the words of the protocol stay. */
const protocol = keeping(keepsProtocol)
/** As well as names and versions of products. */
const products = keeping(keepsProducts)
const other = keeping(keepsNothing)

const RULES = new Map<string, Rule>()

const rule = (how: Rule, names: string): void => {
  for (const name of names.trim().split(/\s+/)) RULES.set(name, how)
}

rule(
  protocol,
  `
  accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
  access-control-allow-methods access-control-max-age access-control-request-method age allow cache-control connection
  content-encoding content-language content-length content-range content-type date dnt expect expires
  grpc-accept-encoding grpc-encoding grpc-status grpc-timeout if-modified-since if-unmodified-since keep-alive
  last-modified max-forwards pragma proxy-connection range retry-after sec-fetch-dest sec-fetch-mode sec-fetch-site
  sec-fetch-user sec-websocket-extensions sec-websocket-version status strict-transport-security te
  transfer-encoding upgrade upgrade-insecure-requests x-accel-buffering x-accel-expires x-amzn-trace-id
  x-apisix-upstream-status x-b3-sampled x-cache x-cache-hits x-cache-lookup x-circuit-open x-content-type-options
  x-envoy-attempt-count x-envoy-expected-rq-timeout-ms x-envoy-internal x-envoy-overloaded
  x-envoy-upstream-service-time x-forwarded-port x-forwarded-proto x-forwarded-scheme x-forwarded-ssl x-frame-options
  x-haproxy-server-state x-kong-response-latency x-kong-upstream-latency x-railway-fallback x-runtime x-scheme x-timer
  l5d-proxy-connection proxy-status
  :method :scheme :status :protocol
  `,
)
rule(products, 'server via x-powered-by user-agent x-generator servlet-engine x-served-by x-squid-error cache-status')
rule(keeping(keepsForwarded), 'forwarded')
rule(scrubHost, 'host :authority x-forwarded-host x-forwarded-server x-original-host x-host')
rule(
  scrubTarget,
  `
  :path location content-location referer origin link refresh x-original-uri x-original-url x-rewrite-url
  x-forwarded-uri x-forwarded-prefix x-envoy-original-path x-script-filename x-accel-redirect x-sendfile
  `,
)
rule(scrubFieldNames, 'vary trailer access-control-allow-headers access-control-expose-headers')
rule(scrubSettings, 'http2-settings')

/** What products are recognised by, by the name of the field; `reason` for the reason phrase. */
const MARKS: ReadonlyMap<string, readonly RegExp[]> = marks()

function marks(): Map<string, RegExp[]> {
  const found = new Map<string, RegExp[]>()
  const add = (name: string | undefined, pattern: string) => {
    // Any value at all will do: then its pseudonym does.
    if (name !== undefined && pattern !== '.') found.set(name, [...(found.get(name) ?? []), new RegExp(pattern)])
  }
  for (const { fingerprints, requestMarks } of PRODUCTS) {
    for (const { where, name, pattern } of fingerprints) if (where !== 'body') add(name ?? where, pattern)
    for (const { name, pattern } of requestMarks ?? []) add(name, pattern)
  }
  return found
}

/** Nothing longer is put to the patterns (`gateways/identify.ts`). */
const LONGEST = 1024

/** Scrubs the value `b[from..to)` of a field; `name` in lower case. */
export function scrubValue(p: Pseudonyms, name: string, b: Bytes, from: number, to: number): void {
  scrubMarked(p, RULES.get(name) ?? other, name, b, from, to)
}

/** Scrubs a reason phrase (RFC 9112 section 4). */
export function scrubReason(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  scrubMarked(p, keeping(keepsWords), 'reason', b, from, to)
}

function scrubMarked(p: Pseudonyms, how: Rule, name: string, b: Bytes, from: number, to: number): void {
  const patterns = MARKS.get(name)
  if (patterns === undefined) {
    how(p, b, from, to)
    return
  }
  const original = latin1(b, from, Math.min(to, from + LONGEST))
  how(p, b, from, to)
  for (const pattern of patterns) {
    const match = pattern.exec(original)
    if (match === null || pattern.test(latin1(b, from, Math.min(to, from + LONGEST)))) continue
    write(b, from + match.index, match[0])
  }
}

/** Scrubs the name `b[from..to)` of a field where it is nobody's but its owner's. Answers the original in lower case. */
export function scrubFieldName(p: Pseudonyms, b: Bytes, from: number, to: number): string {
  // No known name comes near.
  const name = to - from > 64 ? '' : latin1(b, from, to).toLowerCase()
  if (!isKnownField(name)) scrubNames(p, b, from, to, keepsPrefix)
  return name
}

/** A list of field names. */
function scrubFieldNames(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  for (let at = from; at < to;) {
    let end = at
    while (end < to && b[end] !== COMMA && b[end] !== SPACE) end++
    scrubFieldName(p, b, at, end)
    at = end + 1
  }
}

const COMMA = 44
const SPACE = 32

/** HTTP2-Settings of a dozen settings at most, all there are (RFC 7540 section 3.2.1): numbers as base64url. */
function scrubSettings(p: Pseudonyms, b: Bytes, from: number, to: number): void {
  if (!/^[\w-]{8,96}={0,2}$/.test(latin1(b, from, Math.min(to, from + 100)))) scrubText(p, b, from, to)
}

/** CGI meta-variables whose values are not words: rules as for the fields of these names. */
const VARIABLE_FIELDS: { readonly [variable: string]: string } = {
  CONTENT_LENGTH: 'content-length',
  CONTENT_TYPE: 'content-type',
  GATEWAY_INTERFACE: 'server',
  HTTPS: 'x-forwarded-ssl',
  REDIRECT_STATUS: 'status',
  REMOTE_PORT: 'x-forwarded-port',
  AJP_REMOTE_PORT: 'x-forwarded-port',
  REQUEST_METHOD: ':method',
  REQUEST_SCHEME: ':scheme',
  REQUEST_URI: ':path',
  SERVER_NAME: 'host',
  SERVER_PORT: 'x-forwarded-port',
  SERVER_PROTOCOL: ':protocol',
  SERVER_SOFTWARE: 'server',
}

/** Scrubs a variable: its name `b[name..nameEnd)` and its value `b[value..valueEnd)`. */
export function scrubVariable(
  p: Pseudonyms,
  b: Bytes,
  name: number,
  nameEnd: number,
  value: number,
  valueEnd: number,
): void {
  const text = nameEnd - name > 128 ? '' : latin1(b, name, nameEnd)
  if (!isKnownVariable(text)) scrubNames(p, b, name, nameEnd, keepsPrefix)
  const field = text.startsWith('HTTP_') ? fieldOf(text) : (VARIABLE_FIELDS[text] ?? '')
  scrubValue(p, field, b, value, valueEnd)
}
