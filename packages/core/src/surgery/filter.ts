// Filter expressions in the manner of pcap-filter(7): `host 10.1.0.2 and tcp port 80`, `not (arp or udp portrange 53-54)`.
//
//     expression = term { ("and" | "&&" | "or" | "||") term }      and binds tighter than or
//     term       = ("not" | "!") term | "(" expression ")" | primitive
//     primitive  = [protocol] [direction] (host | net | port | portrange) value | protocol
//     direction  = "src" | "dst"
//     protocol   = ip | ip6 | tcp | udp | icmp | icmp6 | arp
//
// Unlike libpcap it looks at the innermost packet: through VLAN tags and tunnels, as the rest of this program does.
import { parseAddress } from '../bytes/address.ts'
import type { Bytes } from '../bytes/read.ts'
import { ARP, ICMP, ICMP6, type Layers, TCP, UDP } from '../wire/layers.ts'
import { destinationPort, sourcePort } from '../wire/tcp.ts'

/** Whether a decoded packet is meant. */
export type Filter = (layers: Layers) => boolean

/** The filter, or what is wrong with the expression and where (index of the character). */
export type ParsedFilter = { is: 'filter'; filter: Filter } | { is: 'malformed'; at: number; text: string }

const PROTOCOLS: ReadonlyMap<string, Filter> = new Map([
  ['ip', ({ kind, ipVersion }: Layers) => ipVersion === 4 && kind !== ARP],
  ['ip6', ({ ipVersion }: Layers) => ipVersion === 6],
  ['tcp', ({ kind }: Layers) => kind === TCP],
  ['udp', ({ kind }: Layers) => kind === UDP],
  ['icmp', ({ kind }: Layers) => kind === ICMP],
  ['icmp6', ({ kind }: Layers) => kind === ICMP6],
  ['arp', ({ kind }: Layers) => kind === ARP],
])

const CONDITION = /^(?:src|dst|host|net|port|portrange)$/

type Direction = 'src' | 'dst' | null

class Malformed extends Error {
  readonly at: number
  constructor(at: number, text: string) {
    super(text)
    this.at = at
  }
}

export function parseFilter(expression: string): ParsedFilter {
  try {
    return { is: 'filter', filter: new Parser(expression).whole() }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { is: 'malformed', at: error.at, text: error.message }
  }
}

interface Token {
  text: string
  at: number
}

/** Parentheses in parentheses are followed this deep. */
const DEEPEST = 100

class Parser {
  readonly #tokens: Token[]
  readonly #end: number
  #next = 0
  #depth = 0

  constructor(expression: string) {
    const words = expression.matchAll(/&&|\|\||[!()]|[^\s!()&|]+|\S/g)
    this.#tokens = [...words].map((word) => ({ text: word[0], at: word.index }))
    this.#end = expression.length
  }

  whole(): Filter {
    const filter = this.#either()
    const rest = this.#tokens[this.#next]
    if (rest !== undefined) throw new Malformed(rest.at, `‘and’ or ‘or’ expected, not ‘${rest.text}’`)
    return filter
  }

  #either(): Filter {
    let left = this.#both()
    while (this.#accept('or', '||')) {
      const [a, b] = [left, this.#both()]
      left = (layers) => a(layers) || b(layers)
    }
    return left
  }

  #both(): Filter {
    let left = this.#term()
    while (this.#accept('and', '&&')) {
      const [a, b] = [left, this.#term()]
      left = (layers) => a(layers) && b(layers)
    }
    return left
  }

  #term(): Filter {
    const { text, at } = this.#take('a condition')
    if (++this.#depth > DEEPEST) throw new Malformed(at, 'too many parentheses in parentheses')
    let filter: Filter
    if (text === 'not' || text === '!') {
      const inner = this.#term()
      filter = (layers) => !inner(layers)
    } else if (text === '(') {
      filter = this.#either()
      if (!this.#accept(')')) throw new Malformed(this.#tokens[this.#next]?.at ?? this.#end, '‘)’ expected')
    } else filter = this.#primitive(text, at)
    this.#depth--
    return filter
  }

  #primitive(first: string, at: number): Filter {
    const protocol = PROTOCOLS.get(first)
    if (protocol !== undefined && !CONDITION.test(this.#tokens[this.#next]?.text ?? '')) return protocol
    let word: Token = protocol === undefined ? { text: first, at } : this.#take('a condition')
    let direction: Direction = null
    if (word.text === 'src' || word.text === 'dst') {
      direction = word.text
      word = this.#take('host, net, port or portrange')
    }
    const condition = this.#condition(word, direction)
    return protocol === undefined ? condition : (layers) => protocol(layers) && condition(layers)
  }

  #condition({ text, at }: Token, direction: Direction): Filter {
    switch (text) {
      case 'host':
        return addressIn(this.#address(null), direction)
      case 'net':
        return addressIn(this.#address('/'), direction)
      case 'port':
        return portIn(this.#ports(/^(\d+)$/, 'a port number'), direction)
      case 'portrange':
        return portIn(this.#ports(/^(\d+)-(\d+)$/, 'two port numbers, as in 8080-8090'), direction)
      default:
        throw new Malformed(at, `‘${text}’ is no condition; host, net, port, portrange or a protocol is`)
    }
  }

  #address(mask: '/' | null): { address: Bytes; bits: number } {
    const { text, at } = this.#take('an address')
    const cut = mask === null ? -1 : text.indexOf(mask)
    const address = parseAddress(cut < 0 ? text : text.slice(0, cut))
    if (address === null) throw new Malformed(at, `‘${text}’ is no ${mask === null ? 'IP address' : 'network'}`)
    const most = address.length * 8
    const bits = cut < 0 ? most : Number(text.slice(cut + 1))
    if (cut >= 0 && (!/^\d+$/.test(text.slice(cut + 1)) || bits > most)) {
      throw new Malformed(at, `a prefix length of 0 to ${most} expected in ‘${text}’`)
    }
    return { address, bits }
  }

  #ports(form: RegExp, expected: string): [number, number] {
    const { text, at } = this.#take(expected)
    const [, from, to = from] = form.exec(text) ?? []
    if (from === undefined || Number(from) > 65_535 || Number(to) > 65_535) {
      throw new Malformed(at, `${expected} expected, not ‘${text}’`)
    }
    return [Number(from), Number(to)]
  }

  #accept(...words: string[]): boolean {
    const token = this.#tokens[this.#next]
    if (token === undefined || !words.includes(token.text)) return false
    this.#next++
    return true
  }

  #take(expected: string): Token {
    const token = this.#tokens[this.#next++]
    if (token === undefined) throw new Malformed(this.#end, `${expected} expected behind the end`)
    return token
  }
}

function addressIn({ address, bits }: { address: Bytes; bits: number }, direction: Direction): Filter {
  const version = address.length === 4 ? 4 : 6
  const isIt = (bytes: Bytes, at: number): boolean => {
    for (let bit = 0; bit < bits; bit += 8) {
      const differing = bytes[at + (bit >> 3)]! ^ address[bit >> 3]!
      if (differing >> Math.max(0, 8 - (bits - bit)) !== 0) return false
    }
    return true
  }
  return ({ kind, ipVersion, bytes, sourceAt, destinationAt }) => {
    if ((kind === ARP ? 4 : ipVersion) !== version) return false
    return (direction !== 'dst' && isIt(bytes, sourceAt)) || (direction !== 'src' && isIt(bytes, destinationAt))
  }
}

function portIn([from, to]: [number, number], direction: Direction): Filter {
  const isIt = (port: number): boolean => port >= from && port <= to
  return ({ kind, bytes, transportAt: at }) => {
    if (kind !== TCP && kind !== UDP) return false
    return (
      (direction !== 'dst' && isIt(sourcePort(bytes, at))) || (direction !== 'src' && isIt(destinationPort(bytes, at)))
    )
  }
}
