// What must not leave the machine by accident: credentials in fields, and in the parameters of targets and links.

/** Stands for every value that is left out. */
export const LEFT_OUT = 'REDACTED'

/** Anywhere in a name, whatever stands around it. */
const TELLING =
  /token|secret|passw|passphrase|pwd|signature|session|sessid|credential|cookie|apikey|authori[sz]|authentic|bearer|jwt|saml|otp/i
/** As a word of a name. */
const WORDS: ReadonlySet<string> = new Set(
  'auth key keys code codes sig sign hmac mac pass pin sid ticket assertion nonce state verifier challenge'.split(' '),
)

/** Whether the name of a field or of a parameter says that its value is a secret. */
export function isSecretName(name: string): boolean {
  if (TELLING.test(name)) return true
  // `accessKeyId`, `AWSAccessKeyId`, `X-Amz-Sig`: words by case and by what is no letter.
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').split(/[^a-z]+/i)
  return words.some((word) => WORDS.has(word.toLowerCase()))
}

/** `a=b` or `a`, as it stands in a query. */
export interface Parameter {
  name: string
  value: string
}

/** Parameters of a target's query, decoded (application/x-www-form-urlencoded). */
export function parametersOf(target: string): Parameter[] {
  const [path] = target.split('#', 1)
  const at = path!.indexOf('?')
  if (at < 0) return []
  return path!
    .slice(at + 1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals < 0
        ? { name: decoded(part), value: '' }
        : { name: decoded(part.slice(0, equals)), value: decoded(part.slice(equals + 1)) }
    })
}

/** A link inside of a link inside of a link: further nobody looks, and then the value is left out. */
const DEEPEST = 3

/**
 * A request target, a link, or another text with parameters, without user information and without the values of secret
 * parameters: in the path (`;jsessionid=`), the query and the fragment, also of links that stand in parameters.
 */
export function withoutSecrets(text: string, depth = 0): string {
  const bare = text.replaceAll(/\/\/[^/?#]*@/g, `//${LEFT_OUT}@`)
  const cut = bare.search(/[?#]/)
  const path = cut < 0 ? bare : bare.slice(0, cut)
  const clean = path.replaceAll(/;([^;=/]*)=[^;/]*/g, (whole, name: string) =>
    isSecretName(decoded(name)) ? `;${name}=${LEFT_OUT}` : whole,
  )
  if (cut < 0) return clean
  // A `?` or `#` further on may be part of a value: only `&` surely ends one.
  const parts = bare.slice(cut + 1).split('&')
  return clean + bare[cut] + parts.map((part) => withoutSecretParts(part, depth)).join('&')
}

/** One `name=value`. Some take `;` for a separator, some for a part of the value. */
function withoutSecretParts(part: string, depth: number): string {
  const pieces = part.split(';')
  for (const [i, piece] of pieces.entries()) {
    const equals = piece.indexOf('=')
    if (equals < 0) continue
    const name = piece.slice(0, equals)
    if (isSecretName(decoded(name))) return [...pieces.slice(0, i), `${name}=${LEFT_OUT}`].join(';')
    const value = piece.slice(equals + 1)
    if (hidesSecrets(value, depth)) pieces[i] = `${name}=${LEFT_OUT}`
  }
  return pieces.join(';')
}

/** Whether a value has parameters itself, percent-encoded or not, and a secret among them. */
function hidesSecrets(value: string, depth: number): boolean {
  const inner = decoded(value)
  if (inner === value && !/[?#;@=]/.test(value)) return false
  if (depth >= DEEPEST) return true
  // A link, or a query without one.
  const text = /[?#]/.test(inner) ? inner : `?${inner}`
  return withoutSecrets(text, depth + 1) !== text
}

/** Percent-decoded, as UTF-8 where it is that; else byte by byte. */
function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced.replaceAll(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  }
}
