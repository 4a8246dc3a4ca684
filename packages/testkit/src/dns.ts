// DNS messages (RFC 1035): one question and what is said to it.
import { be16, be32, join, text, type Bytes } from './bytes.ts'
import { addressBytes, isIp6 } from './ip.ts'

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const
export type Rcode = keyof typeof RCODE

const TYPE_A = 1
const TYPE_AAAA = 28
const CLASS_IN = 1
const RECURSION_DESIRED = 0x0100
const RESPONSE_RECURSION_AVAILABLE = 0x8080

function question(name: string, type: 'A' | 'AAAA'): Bytes {
  const labels = name.split('.').map((label) => join([label.length], text(label)))
  return join(...labels, [0, ...be16(type === 'A' ? TYPE_A : TYPE_AAAA), ...be16(CLASS_IN)])
}

export function dnsQuery(id: number, name: string, type: 'A' | 'AAAA'): Bytes {
  const counts = [0, 1, 0, 0, 0, 0, 0, 0] // one question, no answer, authority or additional record
  return join(be16(id), be16(RECURSION_DESIRED), counts, question(name, type))
}

export function dnsAnswer(id: number, name: string, type: 'A' | 'AAAA', rcode: Rcode, addresses: string[]): Bytes {
  const flags = RESPONSE_RECURSION_AVAILABLE | RECURSION_DESIRED | RCODE[rcode]
  const records = addresses.map((address) => {
    const data = addressBytes(address)
    const nameOfTheQuestion = [0xc0, 12] // compression: a pointer to offset 12, RFC 1035 section 4.1.4
    const seconds = be32(60)
    const number = be16(isIp6(address) ? TYPE_AAAA : TYPE_A)
    return join(nameOfTheQuestion, number, be16(CLASS_IN), seconds, be16(data.length), data)
  })
  const counts = [0, 1, ...be16(records.length), 0, 0, 0, 0]
  return join(be16(id), be16(flags), counts, question(name, type), ...records)
}
