// The capture that would settle what an incident leaves open, as a command to run.
import type { Resolution } from '../diagnose/resolve.ts'
import { nearClient, type Request, type Story } from '../story/story.ts'
import type { MissingCapture, Vantage } from './document.ts'

/** A ring of ten files of 100 MB, whole packets of plain traffic. */
const RING = '-s 0 -C 100 -W 10'

export function missingFor(story: Story, request: Request | null, resolution: Resolution): MissingCapture[] {
  const { judgement, deciding } = resolution
  if (judgement === null || judgement.confidence === 'certain') return []
  const back = deciding?.attempt.conversation ? nearClient(deciding.attempt.conversation).connection : null
  const missing: MissingCapture[] = []
  if (request === null) {
    missing.push(entry('proxy-front', 'to see what the client asked and got', tcpdump('proxy-front', null, null)))
  }
  if (judgement.cause === 'undetermined' && resolution.tries.length === 0 && request !== null) {
    // Name lookups and unanswered ARP tell as much as connections do, and nobody knows the upstream's address yet.
    const filter = "'tcp or port 53 or icmp or icmp6 or arp'"
    missing.push(
      entry(
        'proxy-back',
        'to see what the proxy tried towards its upstreams',
        `tcpdump -i any ${RING} -w proxy.pcap ${filter}`,
      ),
    )
  }
  if (back !== null && !covered(story, 'upstream', back.serverAddress)) {
    missing.push(
      entry(
        'upstream',
        'to see what arrives at the upstream and what it sends',
        tcpdump('upstream', back.serverAddress, back.serverPort),
      ),
    )
  }
  return missing
}

const entry = (vantage: Vantage, because: string, command: string): MissingCapture => ({ vantage, because, command })

function tcpdump(vantage: Vantage, address: string | null, port: number | null): string {
  const filter = [address === null ? null : `host ${address}`, port === null ? 'tcp' : `port ${port}`].filter(
    (part) => part !== null,
  )
  return `tcpdump -i any ${RING} -w ${vantage}.pcap '(${filter.join(' and ')}) or icmp or icmp6 or arp'`
}

/** Whether a capture was taken at the server's end of the leg to this address. */
function covered(story: Story, vantage: Vantage, address: string): boolean {
  return story.captures.some(({ vantages, observations }) => {
    return vantages.includes(vantage) && observations.connections.some((c) => c.serverAddress === address)
  })
}
