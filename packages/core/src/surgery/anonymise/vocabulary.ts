// Words that everybody uses: of HTTP, of gateway products. They name nobody, and what is diagnosed rests on them.
import { PRODUCTS } from '../../gateways/products.ts'
import { SERVERS } from '../../gateways/servers.ts'
import type { Keeps } from './text.ts'

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Methods, versions, codings, media types, directives, names of days and months, and the words of reason phrases. */
const PROTOCOL: ReadonlySet<string> = new Set(
  words(`
  acl baseline checkin checkout connect control copy delete get head label lock merge mkactivity mkcol mkworkspace move
  options patch post pri propfind proppatch purge put report search trace uncheckout unlock update version
  http https ws wss h2 h2c h3 tls websocket rtsp
  keep alive close upgrade timeout max trailers te trailer chunked gzip deflate br zstd compress identity
  application audio image multipart message model text video html json xml javascript css plain csv form data urlencoded
  octet stream mixed alternative byteranges pdf png jpeg gif svg webp zip grpc proto protobuf problem event ld
  charset utf iso us ascii latin1 boundary q en
  no cache store transform only if cached must revalidate proxy public private immutable stale while error age fresh
  min s maxage bytes none nosniff deny sameorigin mode block includesubdomains preload ssl on off true false unknown
  mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec gmt utc
  hit miss from stale expired refresh dynamic bypass
  continue switching protocols processing early hints ok created accepted non authoritative information content reset
  partial multi status already reported im used multiple choices moved permanently found see other not modified use
  temporary redirect permanent bad request unauthorized payment required forbidden method allowed acceptable
  authentication conflict gone length precondition failed entity too large payload uri long unsupported media type range
  satisfiable requested expectation teapot misdirected unprocessable locked dependency requests many header fields
  request field unavailable for legal reasons internal server error implemented gateway service out time supported
  variant also negotiates insufficient storage loop detected extended network fetch backend upstream
  pings graceful shutdown session timed idle going away enhance your calm connection age stop protocol flow settings
  stream frame size refused cancel compression
  root self parent sampled lineage rs rt
  dns destination ip prohibited routable refused terminated limit reached certificate incomplete rcode next hop
`),
)

/** What servers and clients are called besides the products that are recognised. */
const PROGRAMS = words(`
  apache httpd tomcat coyote jetty undertow wildfly jboss php fpm python cpython basehttp simplehttp werkzeug flask
  django express node nodejs deno bun go http client net ruby rack puma passenger phusion perl mod ssl openssl wsgi
  ubuntu debian centos red hat rhel fedora alpine unix linux windows win64 microsoft iis asp kestrel java openjdk okhttp
  curl wget mozilla gecko firefox applewebkit khtml like chrome safari mobile x11 x86 64 amd64 aarch64 requests aiohttp
  httpx urllib libcurl axios undici apachebench ab wrk hey k6 siege vegeta load tester grpc c core cpp dotnet netty
  reactor uvicorn gunicorn hypercorn daphne waitress cheroot tornadoserver twisted cowboy bandit akka pekko actix hyper
  lighttpd nginx openresty tengine haproxy varnish squid envoy istio traefik caddy ats h2o pound hitch relayd unit
  servlet jsp engine powered by plesk litespeed
`)

/** Words in the names of products, and in the patterns by which answers and requests give them away. */
const PRODUCT: ReadonlySet<string> = new Set([
  ...PROGRAMS,
  ...[...PRODUCTS, ...SERVERS].flatMap(({ id, name }) => wordsIn(`${id} ${name}`)),
  ...PRODUCTS.flatMap(({ fingerprints, requestMarks }) =>
    [...fingerprints, ...(requestMarks ?? [])].flatMap(({ pattern }) => wordsIn(pattern)),
  ),
  ...SERVERS.flatMap(({ server }) => wordsIn(server ?? '')),
])

function wordsIn(text: string): string[] {
  // An escape such as \d is no word, and neither is a letter by itself.
  return (text.replace(/\\[a-z]/g, ' ').match(/[a-z0-9]{2,}/gi) ?? []).map((word) => word.toLowerCase())
}

/**
 * A number, alone or with the unit that `grpc-timeout` puts behind it. Lengths and times are not longer; numbers of cards
 * and accounts are.
 */
const isNumber = (word: string): boolean => /^\d{1,10}[hmsun]?$/.test(word)

export const keepsProtocol: Keeps = (word) => PROTOCOL.has(word) || isNumber(word)

/** Words alone, where a number may be somebody's. */
export const keepsWords: Keeps = (word) => PROTOCOL.has(word)

/** Versions may be dates, and are no longer. */
export const keepsProducts: Keeps = (word) => PRODUCT.has(word) || PROTOCOL.has(word) || /^\d{1,8}$/.test(word)

/** Markup of error pages, and what they say besides the words of the patterns. */
const PAGE: ReadonlySet<string> = new Set(
  words(`
  doctype html public w3c ietf dtd xhtml xml transitional strict lang en head title meta charset name viewport content
  width device initial scale http equiv style body h1 h2 h3 h4 center p hr br div span a href address pre b i strong em
  ul li table tr td th id class font family arial sans serif size color background margin padding the a an and or of to
  in on at by for from is was be been not this that it your you we sorry please try again later
`),
)

/** A status is no number of anybody's. */
export const keepsPages: Keeps = (word) =>
  PAGE.has(word) || PRODUCT.has(word) || PROTOCOL.has(word) || /^[45]\d\d$/.test(word)

/** Parameters of Forwarded (RFC 7239 section 4), whose values are the very names that must go. */
const FORWARDED: ReadonlySet<string> = new Set(['for', 'by', 'host', 'proto', 'http', 'https', 'unknown'])

export const keepsForwarded: Keeps = (word) => FORWARDED.has(word)

/** Names of fields that everybody uses; those of the patterns count as well. */
const FIELDS: ReadonlySet<string> = new Set([
  ...words(`
  accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
  access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
  access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc alt-used
  apigw-requestid authorization cache-control cache-status cdn-loop cf-connecting-ip cf-ipcountry cf-ray cf-visitor
  client-ip connection content-disposition content-encoding content-language content-length content-location
  content-range content-security-policy content-type cookie cookie2 cross-origin-opener-policy date dnt early-data
  etag expect expires fastly-client-ip forwarded from grpc-accept-encoding grpc-encoding grpc-message grpc-status
  grpc-status-details-bin grpc-timeout host http2-settings idempotency-key if-match if-modified-since if-none-match
  if-range if-unmodified-since keep-alive last-modified link location max-forwards nel origin permissions-policy pragma
  prefer priority proxy-authenticate proxy-authorization proxy-connection proxy-status range referer referrer-policy
  refresh report-to request-id retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode
  sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol
  sec-websocket-version server server-timing servlet-engine set-cookie set-cookie2 status strict-transport-security te
  timing-allow-origin trace-id traceparent tracestate trailer transfer-encoding true-client-ip uber-trace-id upgrade
  upgrade-insecure-requests user-agent vary via warning www-authenticate x-accel-buffering x-accel-expires
  x-accel-redirect x-amz-cf-id x-amz-cf-pop x-amzn-requestid x-amzn-trace-id x-b3-parentspanid x-b3-sampled x-b3-spanid
  x-b3-traceid x-cache x-cache-hits x-cache-lookup x-client-ip x-cloud-trace-context x-cluster-client-ip
  x-content-type-options x-correlation-id x-csrf-token x-envoy-original-path x-forwarded x-forwarded-client-cert
  x-forwarded-for x-forwarded-host x-forwarded-path x-forwarded-port x-forwarded-prefix x-forwarded-proto
  x-forwarded-scheme x-forwarded-server x-forwarded-ssl x-forwarded-uri x-frame-options x-haproxy-server-state x-host
  x-kong-request-id x-original-forwarded-for x-original-host x-original-uri x-original-url x-powered-by x-real-ip
  x-request-id x-request-start x-requested-with x-robots-tag x-runtime x-scheme x-script-filename x-sendfile
  x-served-by x-timer x-trace-id x-unique-id x-upstream x-varnish x-xss-protection
  :authority :method :path :protocol :scheme :status
`),
  ...PRODUCTS.flatMap(({ fingerprints, requestMarks, addsToRequest, addsToResponse }) => [
    ...fingerprints.flatMap(({ name }) => name ?? []),
    ...(requestMarks ?? []).flatMap(({ name, with: other, without }) => [name, other ?? name, without ?? name]),
    ...addsToRequest,
    ...addsToResponse,
  ]),
])

/** Whether a field name, in lower case, says nothing about whose it is. */
export const isKnownField = (name: string): boolean => FIELDS.has(name)

/** Of the names that are made up most begin so. */
export const keepsPrefix: Keeps = (word) => word === 'x' || word === 'http'

/** CGI meta-variables (RFC 3875 section 4.1) and what gateways add to them. */
const VARIABLES: ReadonlySet<string> = new Set(
  words(`
  AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE CONTEXT_DOCUMENT_ROOT CONTEXT_PREFIX DOCUMENT_ROOT DOCUMENT_URI FCGI_MAX_CONNS
  FCGI_MAX_REQS FCGI_MPXS_CONNS FCGI_ROLE GATEWAY_INTERFACE HTTPS PATH_INFO PATH_TRANSLATED PHP_ADMIN_VALUE PHP_VALUE
  QUERY_STRING REDIRECT_STATUS REDIRECT_URL REMOTE_ADDR REMOTE_HOST REMOTE_IDENT REMOTE_PORT REMOTE_USER REQUEST_METHOD
  REQUEST_SCHEME REQUEST_URI SCGI SCRIPT_FILENAME SCRIPT_NAME SCRIPT_URI SCRIPT_URL SERVER_ADDR SERVER_ADMIN SERVER_NAME
  SERVER_PORT SERVER_PROTOCOL SERVER_SIGNATURE SERVER_SOFTWARE UNIQUE_ID UWSGI_APPID UWSGI_CHDIR UWSGI_FILE
  UWSGI_MODULE UWSGI_SCRIPT AJP_REMOTE_PORT AJP_LOCAL_ADDR AJP_SSL_PROTOCOL
`),
)

/** Whether the name of a variable says nothing about whose it is. */
export const isKnownVariable = (name: string): boolean =>
  VARIABLES.has(name) || (name.startsWith('HTTP_') && isKnownField(fieldOf(name)))

/** HTTP_X_REAL_IP came as x-real-ip. */
export const fieldOf = (variable: string): string => variable.slice(5).toLowerCase().replaceAll('_', '-')
