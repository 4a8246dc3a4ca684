// What a TLS session turned out to be: plain data for those who judge it, without secrets and without payload.
//
// Code points stay numbers (versions, suites, groups, alerts ...); names.ts and cipher-suites.ts know what they are
// called.
import type { Bytes } from '../../bytes/read.ts'
import type { Place } from '../http1/message.ts'
import type { Sniffed } from '../sniff.ts'

/** 0 the client, who sends the ClientHello; 1 the server. */
export type TlsSide = 0 | 1

/** A ClientHello (RFC 8446 section 4.1.2). Lists keep the order sent, GREASE values (RFC 8701) included. */
export interface ClientHello {
  first: Place
  last: Place
  /** In SSL 2.0 form (RFC 5246 appendix E.2): no extensions. */
  ssl2: boolean
  /** Bytes of it are missing: what follows is what stood before the hole. */
  incomplete: boolean
  /** Highest version offered, GREASE aside: 0x0301 TLS 1.0 to 0x0304 TLS 1.3. */
  version: number
  /** supported_versions where there, else the one of the hello itself. */
  versions: number[]
  ciphers: number[]
  /** supported_groups, signature_algorithms, groups of key_share; empty where the extension is not there. */
  groups: number[]
  signatureAlgorithms: number[]
  keyShares: number[]
  /** Extension types in order. */
  extensions: number[]
  /** server_name; null where not sent. */
  serverName: string | null
  /** Protocols of ALPN, in order of preference. */
  alpn: string[]
  /** JA4 (FoxIO), `t13d1516h2_8daaf6152771_e5627efa2ab1`; '' while the hello is incomplete. */
  ja4: string
  /** Length of legacy_session_id in bytes. TLS 1.3 clients send one too, to please middleboxes. */
  sessionId: number
  /** A session ticket (RFC 5077) or a pre-shared key (RFC 8446 section 4.2.11) is offered. */
  ticket: boolean
  preSharedKey: boolean
  earlyData: boolean
  /** psk_key_exchange_modes is there: without it a TLS 1.3 server sends no tickets (RFC 8446 section 4.2.9). */
  pskModes: boolean
}

/** A ServerHello or a HelloRetryRequest (RFC 8446 sections 4.1.3 and 4.1.4). */
export interface ServerHello {
  first: Place
  last: Place
  incomplete: boolean
  /** The version chosen: 0x0300 to 0x0304, 0x7f00 and number for a draft of TLS 1.3; 0 where cut. */
  version: number
  cipher: number
  /** ALPN protocol chosen; null where none, or where TLS 1.3 hides it and there are no keys. */
  alpn: string | null
  /** Group of key_share, of ServerKeyExchange before TLS 1.3; 0 unknown. */
  group: number
  extensions: number[]
}

/** One X.509 certificate (RFC 5280), as far as it could be read. */
export interface Certificate {
  /** Distinguished names as in RFC 4514, most specific first: `CN=app.internal,O=Example`. */
  subject: string
  issuer: string
  /** Common name of the subject; '' without. */
  commonName: string
  /** dNSName and iPAddress of subjectAltName, in order. */
  names: string[]
  /** Hexadecimal digits, lower case. */
  serial: string
  /** Validity, milliseconds since 1970 UTC; null where not legible. */
  notBefore: number | null
  notAfter: number | null
  /** Subject and issuer are the same bytes. */
  selfSigned: boolean
  /** cA of basicConstraints. */
  authority: boolean
  /** Bytes of the certificate. */
  size: number
  /** What could not be read; '' when all is well. */
  fault: string
}

/** A Certificate message. */
export interface CertificateChain {
  first: Place
  last: Place
  /** In the order sent, the sender's own first; at most 10 are kept of `count`. */
  certificates: Certificate[]
  count: number
  /** Each is issued by the next, by name: what clients without a search of their own rely on. */
  inOrder: boolean
}

/** A handshake message, or a record that holds encrypted ones. */
export interface HandshakeMessage {
  from: TlsSide
  /** HandshakeType; -1: encrypted, length is the record's. */
  type: number
  /** Bytes of the message without its header; of the record's body where encrypted. */
  length: number
  /** Not read but told from its place (TLS 1.2), or from sizes and order (TLS 1.3). */
  inferred: boolean
  /** Bytes of it are missing: not captured, or never sent. */
  incomplete: boolean
  first: Place
  last: Place
}

export interface TlsAlert {
  from: TlsSide
  /** 1 warning, 2 fatal; -1 encrypted. */
  level: number
  /** AlertDescription (RFC 8446 section 6); -1 encrypted. */
  description: number
  /** How many handshake messages of `messages` came before it. */
  after: number
  /** The handshake was complete. */
  afterHandshake: boolean
  at: Place
}

export interface TlsFault {
  from: TlsSide
  at: Place
  part: 'record' | 'handshake' | 'order' | 'decryption'
  /** For the user: one short sentence. */
  text: string
}

/** How the handshake ended before it was complete, and how far it had come. */
export interface HandshakeEnd {
  /** Who sent the alert or closed first. `cut`: reset, or the capture ends; the packets tell which and who. */
  from: TlsSide
  how: 'alert' | 'close' | 'cut' | 'foreign'
  /** How many of `messages` came before. */
  after: number
  frame: number
  time: number
}

export interface TlsFacts {
  /** `midstream`: met without a hello, records are taken for application data. `nothing`: no record yet. */
  begins: 'nothing' | 'hello' | 'midstream'
  clientHello: ClientHello | null
  /** The retry, and the ClientHello that answers it. */
  helloRetryRequest: ServerHello | null
  secondClientHello: ClientHello | null
  serverHello: ServerHello | null
  /** The session is a former one's: session id, ticket or pre-shared key accepted; null while unknown. */
  resumed: boolean | null
  /** By sender, client first. Null where not sent or hidden. */
  certificates: [CertificateChain | null, CertificateChain | null]
  /** The server asked for a certificate; null: hidden or not come to it. */
  certificateRequest: Place | null
  /** `empty`: asked and none given. TLS 1.3 without keys: told by sizes, `unknown` where they do not tell. */
  clientCertificate: 'none asked' | 'empty' | 'sent' | 'unknown'
  /** The first 64 in order of capture, of `messageCount`. */
  messages: HandshakeMessage[]
  messageCount: number
  /** The first 16. */
  alerts: TlsAlert[]
  /** Finished by sender, client first; in TLS 1.3 without keys inferred from sizes and order. */
  finished: [Place | null, Place | null]
  /** How the handshake failed; null while it goes on and where it was completed. */
  handshakeEnd: HandshakeEnd | null
  /**
   * Server records behind the handshake taken for NewSessionTickets or HTTP/2 SETTINGS by position, size and time
   * (TLS 1.3 without keys, the first 8); `events.data` was not told of them.
   */
  tickets: { length: number; first: Place; last: Place }[]
  /** Records and body bytes of application data, by sender, wherever told to `events.data`. */
  records: [number, number]
  recordBytes: [number, number]
  /** The stream ended inside of this record. */
  cutRecord: [CutRecord | null, CutRecord | null]
  /** That side answers with something that is not TLS. */
  foreign: [ForeignStream | null, ForeignStream | null]
  decryption: { is: 'no-keys' | 'decrypted' | 'keys-do-not-fit'; reason: string }
  /** The first 16. */
  faults: TlsFault[]
}

export interface CutRecord {
  type: number
  /** Body bytes announced, and how many of them came. */
  length: number
  had: number
  first: Place
}

export interface ForeignStream {
  looksLike: Sniffed
  first: Place
}

/** What a session tells as it goes. */
export interface TlsEvents {
  /**
   * The header of an application_data record is there: the first sign of a message. Told once a record, before its
   * `data`. Where only the whole record (keys, TLS 1.3) or the next one (19 bytes: alert or two bytes of data?) tells
   * what it is, this comes late, with the right place.
   */
  begin(from: TlsSide, first: Place): void
  /**
   * A record is whole. `plain`: what was in it, valid during the call; null when opaque. `length`: its body bytes that
   * are on the wire and in the capture, protection included.
   */
  data(from: TlsSide, plain: Bytes | null, length: number, first: Place, last: Place): void
  /**
   * Bytes behind the handshake are missing, or there and impossible to assign to records. In a decrypted session inside
   * of one record: how many bytes of plaintext.
   */
  gap(from: TlsSide, length: number, frame: number, time: number): void
  /** Once a side: close_notify was seen (`clean`), or the stream ended without. */
  closed(from: TlsSide, clean: boolean, frame: number, time: number): void
}

const TLS_1_3 = 0x0304

/** Whether a session carries HTTP/2: as agreed on, or, where TLS 1.3 hides that, as the client would have it. */
export function mayBeHttp2({ clientHello, serverHello }: TlsFacts): boolean {
  if (serverHello !== null && serverHello.version < TLS_1_3) return serverHello.alpn === 'h2'
  return serverHello?.alpn === 'h2' || clientHello?.alpn.includes('h2') === true
}
