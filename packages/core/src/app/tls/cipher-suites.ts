// Cipher suites (IANA TLS Parameters), and what their names say of keys: RFC 5246 section 6.2.3 and appendix C.

export interface CipherSuite {
  /** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  name: string
  /** `ECDHE_RSA`, `RSA`, `DH_anon` ...; '' in TLS 1.3, where the suite does not say. */
  keyExchange: string
  /** `AES`, `CHACHA20`, `3DES`, `RC4`, `CAMELLIA` ... and `NULL`. */
  algorithm: string
  /** `stream`: RC4 and NULL. `aead` suites have no MAC of their own. */
  mode: 'aead' | 'block' | 'stream'
  /** GCM, CCM and the like; '' for ChaCha20 and streams. */
  chaining: 'GCM' | 'CCM' | 'CBC' | ''
  /** Bytes of the key, of a block (0 where there are none), of the AEAD tag, of the MAC. */
  keyLength: number
  blockLength: number
  tagLength: number
  macLength: number
  /** Hash of the HMAC; '' where AEAD. */
  mac: '' | 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sm3'
  /** Hash of the TLS 1.2 PRF and of the TLS 1.3 key schedule; versions before have one of their own. */
  prf: 'sha256' | 'sha384' | 'sm3'
}

/**
 * First code point, key exchanges, ciphers: numbers are counted through the ciphers and, for each key exchange, again.
 */
const BLOCKS: readonly (readonly [first: number, keyExchanges: string, ciphers: string])[] = [
  [0x0000, 'NULL', 'NULL_NULL'],
  [0x0001, 'RSA', 'NULL_MD5 NULL_SHA'],
  [0x0003, 'RSA_EXPORT', 'RC4_40_MD5'],
  [0x0004, 'RSA', 'RC4_128_MD5 RC4_128_SHA'],
  [0x0006, 'RSA_EXPORT', 'RC2_CBC_40_MD5'],
  [0x0007, 'RSA', 'IDEA_CBC_SHA'],
  [0x0008, 'RSA_EXPORT', 'DES40_CBC_SHA'],
  [0x0009, 'RSA', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [0x000b, 'DH_DSS_EXPORT', 'DES40_CBC_SHA'],
  [0x000c, 'DH_DSS', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [0x000e, 'DH_RSA_EXPORT', 'DES40_CBC_SHA'],
  [0x000f, 'DH_RSA', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [0x0011, 'DHE_DSS_EXPORT', 'DES40_CBC_SHA'],
  [0x0012, 'DHE_DSS', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [0x0014, 'DHE_RSA_EXPORT', 'DES40_CBC_SHA'],
  [0x0015, 'DHE_RSA', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [0x0017, 'DH_anon_EXPORT', 'RC4_40_MD5'],
  [0x0018, 'DH_anon', 'RC4_128_MD5'],
  [0x0019, 'DH_anon_EXPORT', 'DES40_CBC_SHA'],
  [0x001a, 'DH_anon', 'DES_CBC_SHA 3DES_EDE_CBC_SHA'],
  [
    0x001e,
    'KRB5',
    'DES_CBC_SHA 3DES_EDE_CBC_SHA RC4_128_SHA IDEA_CBC_SHA DES_CBC_MD5 3DES_EDE_CBC_MD5 RC4_128_MD5 IDEA_CBC_MD5',
  ],
  [0x0026, 'KRB5_EXPORT', 'DES_CBC_40_SHA RC2_CBC_40_SHA RC4_40_SHA DES_CBC_40_MD5 RC2_CBC_40_MD5 RC4_40_MD5'],
  [0x002c, 'PSK DHE_PSK RSA_PSK', 'NULL_SHA'],
  [0x002f, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'AES_128_CBC_SHA'],
  [0x0035, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'AES_256_CBC_SHA'],
  [0x003b, 'RSA', 'NULL_SHA256 AES_128_CBC_SHA256 AES_256_CBC_SHA256'],
  [0x003e, 'DH_DSS DH_RSA DHE_DSS', 'AES_128_CBC_SHA256'],
  [0x0041, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'CAMELLIA_128_CBC_SHA'],
  [0x0060, 'RSA_EXPORT1024', 'RC4_56_MD5 RC2_CBC_56_MD5 DES_CBC_SHA'],
  [0x0063, 'DHE_DSS_EXPORT1024', 'DES_CBC_SHA'],
  [0x0064, 'RSA_EXPORT1024 DHE_DSS_EXPORT1024', 'RC4_56_SHA'],
  [0x0066, 'DHE_DSS', 'RC4_128_SHA'],
  [0x0067, 'DHE_RSA', 'AES_128_CBC_SHA256'],
  [0x0068, 'DH_DSS DH_RSA DHE_DSS DHE_RSA', 'AES_256_CBC_SHA256'],
  [0x006c, 'DH_anon', 'AES_128_CBC_SHA256 AES_256_CBC_SHA256'],
  [0x0084, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'CAMELLIA_256_CBC_SHA'],
  [0x008a, 'PSK DHE_PSK RSA_PSK', 'RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA'],
  [0x0096, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'SEED_CBC_SHA'],
  [0x009c, 'RSA DHE_RSA DH_RSA DHE_DSS DH_DSS DH_anon PSK DHE_PSK RSA_PSK', 'AES_128_GCM_SHA256 AES_256_GCM_SHA384'],
  [0x00ae, 'PSK DHE_PSK RSA_PSK', 'AES_128_CBC_SHA256 AES_256_CBC_SHA384 NULL_SHA256 NULL_SHA384'],
  [0x00ba, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'CAMELLIA_128_CBC_SHA256'],
  [0x00c0, 'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon', 'CAMELLIA_256_CBC_SHA256'],
  [0x00c6, '', 'SM4_GCM_SM3 SM4_CCM_SM3'],
  [
    0x1301,
    '',
    'AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256 AES_128_CCM_SHA256 AES_128_CCM_8_SHA256',
  ],
  [
    0xc001,
    'ECDH_ECDSA ECDHE_ECDSA ECDH_RSA ECDHE_RSA ECDH_anon',
    'NULL_SHA RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA',
  ],
  [0xc01a, 'SRP_SHA SRP_SHA_RSA SRP_SHA_DSS', '3DES_EDE_CBC_SHA'],
  [0xc01d, 'SRP_SHA SRP_SHA_RSA SRP_SHA_DSS', 'AES_128_CBC_SHA'],
  [0xc020, 'SRP_SHA SRP_SHA_RSA SRP_SHA_DSS', 'AES_256_CBC_SHA'],
  [0xc023, 'ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA', 'AES_128_CBC_SHA256 AES_256_CBC_SHA384'],
  [0xc02b, 'ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA', 'AES_128_GCM_SHA256 AES_256_GCM_SHA384'],
  [
    0xc033,
    'ECDHE_PSK',
    'RC4_128_SHA 3DES_EDE_CBC_SHA AES_128_CBC_SHA AES_256_CBC_SHA AES_128_CBC_SHA256 AES_256_CBC_SHA384 NULL_SHA NULL_SHA256 NULL_SHA384',
  ],
  [
    0xc03c,
    'RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA',
    'ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384',
  ],
  [
    0xc050,
    'RSA DHE_RSA DH_RSA DHE_DSS DH_DSS DH_anon ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA',
    'ARIA_128_GCM_SHA256 ARIA_256_GCM_SHA384',
  ],
  [0xc064, 'PSK DHE_PSK RSA_PSK', 'ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384'],
  [0xc06a, 'PSK DHE_PSK RSA_PSK', 'ARIA_128_GCM_SHA256 ARIA_256_GCM_SHA384'],
  [0xc070, 'ECDHE_PSK', 'ARIA_128_CBC_SHA256 ARIA_256_CBC_SHA384'],
  [0xc072, 'ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA', 'CAMELLIA_128_CBC_SHA256 CAMELLIA_256_CBC_SHA384'],
  [
    0xc07a,
    'RSA DHE_RSA DH_RSA DHE_DSS DH_DSS DH_anon ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA PSK DHE_PSK RSA_PSK',
    'CAMELLIA_128_GCM_SHA256 CAMELLIA_256_GCM_SHA384',
  ],
  [0xc094, 'PSK DHE_PSK RSA_PSK ECDHE_PSK', 'CAMELLIA_128_CBC_SHA256 CAMELLIA_256_CBC_SHA384'],
  [0xc09c, 'RSA DHE_RSA', 'AES_128_CCM AES_256_CCM'],
  [0xc0a0, 'RSA DHE_RSA', 'AES_128_CCM_8 AES_256_CCM_8'],
  [0xc0a4, 'PSK DHE_PSK', 'AES_128_CCM AES_256_CCM'],
  [0xc0a8, 'PSK PSK_DHE', 'AES_128_CCM_8 AES_256_CCM_8'],
  [0xc0ac, 'ECDHE_ECDSA', 'AES_128_CCM AES_256_CCM AES_128_CCM_8 AES_256_CCM_8'],
  [0xc0b0, 'ECCPWD', 'AES_128_GCM_SHA256 AES_256_GCM_SHA384 AES_128_CCM_SHA256 AES_256_CCM_SHA384'],
  [0xc0ff, 'ECJPAKE', 'AES_128_CCM_8'],
  [0xcc13, 'ECDHE_RSA ECDHE_ECDSA DHE_RSA', 'CHACHA20_POLY1305_SHA256'],
  [0xcca8, 'ECDHE_RSA ECDHE_ECDSA DHE_RSA PSK ECDHE_PSK DHE_PSK RSA_PSK', 'CHACHA20_POLY1305_SHA256'],
  [0xd001, 'ECDHE_PSK', 'AES_128_GCM_SHA256 AES_256_GCM_SHA384 AES_128_CCM_8_SHA256'],
  [0xd005, 'ECDHE_PSK', 'AES_128_CCM_SHA256'],
]

/** Values that are no suites but say something in the list of them. */
const SIGNALS: { readonly [code: number]: string } = {
  0x00ff: 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV', // RFC 5746
  0x5600: 'TLS_FALLBACK_SCSV', // RFC 7507
}

const KEY_LENGTHS: { readonly [algorithm: string]: number } = {
  NULL: 0,
  RC4: 16,
  RC2: 16,
  IDEA: 16,
  SEED: 16,
  DES: 8,
  DES40: 8,
  '3DES': 24,
  SM4: 16,
  CHACHA20: 32,
}
const MAC_LENGTHS = { '': 0, md5: 16, sha1: 20, sha256: 32, sha384: 48, sm3: 32 }

const NAMES = new Map<number, [keyExchange: string, cipher: string]>()
for (const [first, keyExchanges, ciphers] of BLOCKS) {
  let code = first
  for (const keyExchange of keyExchanges.split(' ')) {
    for (const cipher of ciphers.split(' ')) NAMES.set(code++, [keyExchange, cipher])
  }
}

/** `TLS_AES_128_GCM_SHA256`; signalling values and GREASE by name; `0x1234` where it has none. */
export function cipherSuiteName(code: number): string {
  const known = NAMES.get(code)
  if (known !== undefined) return suiteName(...known)
  return SIGNALS[code] ?? (isGrease(code) ? 'GREASE' : `0x${code.toString(16).padStart(4, '0')}`)
}

/** Suites that were asked for: sessions ask for every record. */
const SUITES = new Map<number, CipherSuite>()

/** What the suite consists of; null for code points that are not known or no suites. */
export function cipherSuite(code: number): CipherSuite | null {
  const known = SUITES.get(code)
  if (known !== undefined) return known
  const names = NAMES.get(code)
  if (names === undefined) return null
  const suite = readSuite(...names)
  SUITES.set(code, suite)
  return suite
}

function readSuite(keyExchange: string, cipher: string): CipherSuite {
  const [algorithm = '', bits = ''] = cipher.split('_')
  const aead = /GCM|CCM|POLY1305/.test(cipher)
  const digest = /(?:SHA\d*|MD5|SM3)$/.exec(cipher)?.[0] ?? ''
  const hash = digest === 'SHA' ? 'sha1' : (digest.toLowerCase() as CipherSuite['mac'])
  const mode = aead ? 'aead' : algorithm === 'NULL' || algorithm === 'RC4' ? 'stream' : 'block'
  const mac = aead ? '' : hash
  return {
    name: suiteName(keyExchange, cipher),
    keyExchange,
    algorithm,
    mode,
    chaining: cipher.includes('GCM') ? 'GCM' : cipher.includes('CCM') ? 'CCM' : mode === 'block' ? 'CBC' : '',
    keyLength: KEY_LENGTHS[algorithm] ?? Number(bits) / 8,
    blockLength: mode !== 'block' ? 0 : /^(?:3?DES|DES40|IDEA|RC2)$/.test(algorithm) ? 8 : 16,
    tagLength: aead ? (cipher.includes('CCM_8') ? 8 : 16) : 0,
    macLength: MAC_LENGTHS[mac],
    mac,
    // RFC 5246 section 1.2: SHA-256, unless the suite names a stronger one.
    prf: hash === 'sha384' || hash === 'sm3' ? hash : 'sha256',
  }
}

/** Values that clients sprinkle in so that servers learn to ignore what they do not know (RFC 8701). */
export function isGrease(code: number): boolean {
  return (code & 0x0f0f) === 0x0a0a && code >> 8 === (code & 0xff)
}

function suiteName(keyExchange: string, cipher: string): string {
  return keyExchange === '' ? `TLS_${cipher}` : `TLS_${keyExchange}_WITH_${cipher}`
}
