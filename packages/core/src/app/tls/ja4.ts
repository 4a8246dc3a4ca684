// JA4, the fingerprint of a TLS client (FoxIO, technical_details/JA4): what it can do, sorted, so that clients that
// shuffle their extensions keep theirs. Reads a whole ClientHello over TCP.
import { sha256 } from '@noble/hashes/sha2.js'
import { latin1Bytes } from '../../bytes/read.ts'
import { isGrease } from './cipher-suites.ts'
import type { ClientHello } from './facts.ts'
import { EXTENSION } from './hello.ts'

const VERSIONS: { readonly [version: number]: string } = {
  0x0002: 's2',
  0x0300: 's3',
  0x0301: '10',
  0x0302: '11',
  0x0303: '12',
  0x0304: '13',
}

const NOTHING = '000000000000'

/** `t13d1516h2_8daaf6152771_e5627efa2ab1`: what is counted, then hashes of ciphers and of extensions. */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.ciphers.filter(isValue).map(hex4).toSorted()
  const extensions = hello.extensions.filter(isValue)
  const version = VERSIONS[hello.version] ?? '00'
  const name = hello.extensions.includes(EXTENSION.serverName) ? 'd' : 'i'
  const counted = `t${version}${name}${count(ciphers)}${count(extensions)}${protocol(hello.alpn[0] ?? '')}`
  const named = extensions
    .filter((type) => type !== EXTENSION.serverName && type !== EXTENSION.alpn)
    .map(hex4)
    .toSorted()
    .join(',')
  const signatures = hello.signatureAlgorithms.filter(isValue).map(hex4).join(',')
  const ofCiphers = ciphers.length === 0 ? NOTHING : hash(ciphers.join(','))
  const ofExtensions = named === '' ? NOTHING : hash(signatures === '' ? named : `${named}_${signatures}`)
  return `${counted}_${ofCiphers}_${ofExtensions}`
}

/** First and last character of the first ALPN value; of its hexadecimal digits where one is no letter or digit. */
function protocol(name: string): string {
  if (name === '') return '00'
  const ends = name[0]! + name.at(-1)!
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends
  return hex2(name.charCodeAt(0))[0]! + hex2(name.charCodeAt(name.length - 1))[1]!
}

const isValue = (code: number): boolean => !isGrease(code)
const count = (list: unknown[]): string => String(Math.min(99, list.length)).padStart(2, '0')
const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0')
const hex4 = (code: number): string => code.toString(16).padStart(4, '0')

/** Hashes of late: clients are of a few kinds. */
const hashes = new Map<string, string>()
const HASHES = 256

function hash(text: string): string {
  const known = hashes.get(text)
  if (known !== undefined) return known
  if (hashes.size >= HASHES) hashes.clear()
  const digits = [...sha256(latin1Bytes(text)).subarray(0, 6)].map(hex2).join('')
  hashes.set(text, digits)
  return digits
}
