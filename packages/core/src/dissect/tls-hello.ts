// ClientHello and ServerHello, field by field (RFC 8446 section 4.1), with what extensions say that tell most.
import { u16 } from '../bytes/read.ts'
import { cipherSuiteName } from '../app/tls/cipher-suites.ts'
import { EXTENSION, protocols, serverName } from '../app/tls/hello.ts'
import { groupName, signatureSchemeName, versionName } from '../app/tls/names.ts'
import { Vector } from '../app/tls/vector.ts'
import { bytesOf, hex, number, raw, u8, type Walk } from './walk.ts'

const RANDOM = 32
/** Numbers of a list that are shown. */
const LIST = 256

/** ExtensionType names (IANA tls-extensiontype-values). */
const EXTENSIONS: { readonly [type: number]: string } = {
  0: 'server_name',
  1: 'max_fragment_length',
  5: 'status_request',
  10: 'supported_groups',
  11: 'ec_point_formats',
  13: 'signature_algorithms',
  15: 'heartbeat',
  16: 'application_layer_protocol_negotiation',
  18: 'signed_certificate_timestamp',
  21: 'padding',
  22: 'encrypt_then_mac',
  23: 'extended_master_secret',
  27: 'compress_certificate',
  28: 'record_size_limit',
  35: 'session_ticket',
  41: 'pre_shared_key',
  42: 'early_data',
  43: 'supported_versions',
  44: 'cookie',
  45: 'psk_key_exchange_modes',
  47: 'certificate_authorities',
  49: 'post_handshake_auth',
  50: 'signature_algorithms_cert',
  51: 'key_share',
  17_513: 'application_settings',
  65_037: 'encrypted_client_hello',
  65_281: 'renegotiation_info',
}

export function clientHello(w: Walk): void {
  versionRandomSession(w)
  list16(w, 'Cipher Suites Length', 'Cipher Suites', 'Cipher Suite', cipherSuiteName)
  w.field('Compression Methods Length', 1, number(u8))
  if (w.isOver) return
  const methods = w.bytes[w.at - 1]
  w.field('Compression Methods', methods, raw(methods))
  extensions(w, false)
}

export function serverHello(w: Walk): void {
  versionRandomSession(w)
  w.field('Cipher Suite', 2, (b, at) => cipherSuiteName(u16(b, at)))
  w.field('Compression Method', 1, number(u8))
  extensions(w, true)
}

function versionRandomSession(w: Walk): void {
  w.field('Version', 2, (b, at) => `${versionName(u16(b, at))} (${hex(u16(b, at), 4)})`)
  w.field('Random', RANDOM, raw(RANDOM))
  w.field('Session ID Length', 1, number(u8))
  if (w.isOver) return
  const session = w.bytes[w.at - 1]
  if (session > 0) w.field('Session ID', session, raw(session))
}

/** A list of 16-bit numbers behind its length, each a field. */
function list16(w: Walk, lengthName: string, listName: string, name: string, show: (value: number) => string): void {
  w.field(lengthName, 2, number(u16))
  if (w.isOver) return
  const length = u16(w.bytes, w.at - 2)
  if (!w.has(length, listName)) return
  const until = w.at + length
  w.group(
    listName,
    () => `${length >> 1} suites`,
    () => {
      while (w.at + 2 <= until && w.field(name, 2, (b, at) => show(u16(b, at)))) continue
      if (w.at < until) w.skip(until - w.at, listName)
    },
  )
}

function extensions(w: Walk, isServer: boolean): void {
  // Hellos of TLS 1.2 and before may have none.
  if (w.isOver || (w.left === 0 && w.end === w.wireEnd)) return
  w.field('Extensions Length', 2, number(u16))
  while (w.left > 0 && !w.isOver) {
    if (!w.has(4, 'extension')) return
    const type = u16(w.bytes, w.at)
    const length = u16(w.bytes, w.at + 2)
    w.field(`Extension: ${EXTENSIONS[type] ?? hex(type, 4)}`, 4 + length, (b, at) =>
      extensionText(type, new Vector(b, at + 4, at + 4 + length), isServer),
    )
  }
}

function extensionText(type: number, data: Vector, isServer: boolean): string {
  switch (type) {
    case EXTENSION.serverName:
      return serverName(data) ?? ''
    case EXTENSION.alpn:
      return protocols(data).join(', ')
    case EXTENSION.supportedGroups:
      return names(data.vector16(), groupName)
    case EXTENSION.signatureAlgorithms:
      return names(data.vector16(), signatureSchemeName)
    case EXTENSION.supportedVersions:
      return isServer ? versionName(data.u16()) : names(data.vector8(), versionName)
    case EXTENSION.keyShare:
      return isServer ? groupName(data.u16()) : keyShares(data)
    default:
      return bytesOf(data.left)
  }
}

const names = (list: Vector, show: (value: number) => string): string => list.numbers(LIST).map(show).join(', ')

function keyShares(data: Vector): string {
  const groups: string[] = []
  for (const shares = data.vector16(); shares.left > 0 && groups.length < LIST; shares.vector16()) {
    groups.push(groupName(shares.u16()))
  }
  return groups.join(', ')
}
