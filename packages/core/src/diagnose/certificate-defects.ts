// What is wrong with a certificate as far as the capture shows it: its time, its names, its chain. Whether the proxy
// trusts the issuer stands nowhere in the packets.
import type { Certificate, CertificateChain } from '../app/tls/facts.ts'

/** `now`: milliseconds since 1970 UTC. `name`: the one that was asked for; null where none was. */
export function certificateDefects(
  { certificates, count, inOrder }: CertificateChain,
  name: string | null,
  now: number,
): string[] {
  const [leaf] = certificates
  if (leaf === undefined) return []
  const { notBefore, notAfter, selfSigned } = leaf
  return [
    ...(notAfter !== null && notAfter < now ? [`it had expired ${age(now - notAfter)} before`] : []),
    ...(notBefore !== null && notBefore > now ? [`it becomes valid only ${age(notBefore - now)} later`] : []),
    ...(name !== null && !isFor(leaf, name) ? ['it is for other names than the one asked for'] : []),
    ...(selfSigned && count === 1 ? ['it is self-signed'] : []),
    ...(inOrder ? [] : ['its chain is not in order: a certificate is not issued by the next']),
  ]
}

/** Whether a name matches (RFC 9525 section 6.3): the common name counts only where there are no alternative names. */
export function isFor({ names, commonName }: Certificate, name: string): boolean {
  const wanted = plain(name)
  return (names.length > 0 ? names : [commonName]).some((pattern) => matches(plain(pattern), wanted))
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** A wildcard stands for the whole left-most label and for nothing more. */
function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === name
  const dot = name.indexOf('.')
  return dot > 0 && name.slice(dot) === pattern.slice(1)
}

const DAY = 86_400_000

function age(milliseconds: number): string {
  if (milliseconds < DAY / 24) return `${Math.max(1, Math.round(milliseconds / 60_000))} min`
  return milliseconds < 2 * DAY
    ? `${Math.round(milliseconds / (DAY / 24))} h`
    : `${Math.floor(milliseconds / DAY)} days`
}
