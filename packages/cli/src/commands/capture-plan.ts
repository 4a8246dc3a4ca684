// pcap-surgery capture-plan: what to run, and where, to get captures that can be diagnosed. Nothing is read or run.
import { isIP } from 'node:net'
import {
  type CapturePlan,
  capturePlan,
  type CapturePlanOptions,
  type HostRole,
  type PlanEndpoint,
  visible,
} from '@pcap-surgery/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { print } from '../io/output.ts'
import { type Paint, painter, wrap } from '../render/layout.ts'

interface CapturePlanCommandOptions {
  proxy: PlanEndpoint
  upstream: PlanEndpoint[]
  client?: PlanEndpoint[]
  nameServer?: PlanEndpoint
  interface?: string
  vlan?: boolean
  duration?: number
  size?: number
  headers?: boolean
  windows?: HostRole[]
  format: 'text' | 'json'
  color: boolean
}

const EXAMPLES = `
IPv6 addresses with a port stand in brackets. The commands need root, on Windows an administrator.

Examples:
  pcap-surgery capture-plan --proxy 10.1.0.1:443 --upstream 10.3.0.11:8080 --upstream 10.3.0.12:8080
  pcap-surgery capture-plan --proxy '[2001:db8::1]:80' --upstream 10.3.0.11:8443 --client 10.1.0.2 --duration 30m
  pcap-surgery capture-plan --proxy 10.1.0.1:80 --upstream 10.3.0.11:80 --windows upstream --format json

Exit status:
  0  the plan is printed
  2  wrong use
`

/** Adds capture-plan. `done` is told the exit status. */
export function addCapturePlan(program: Command, done: (status: number) => void): void {
  const several = (value: string, before: PlanEndpoint[] = []): PlanEndpoint[] => [...before, endpointOption(value)]
  program
    .command('capture-plan')
    .description('print the commands that take the captures for a diagnosis, host by host, in order')
    .requiredOption('--proxy <address[:port]>', 'where the proxy listens', endpointOption)
    .requiredOption('--upstream <address[:port]>', 'what the proxy connects to, may be repeated', several)
    .option('--client <address>', 'a client’s host that can be captured on, may be repeated', several)
    .option('--name-server <address[:port]>', 'what the proxy asks for names; default: port 53', endpointOption)
    .option('--interface <name>', 'capture on this interface of the proxy; default: on all')
    .option('--vlan', 'that interface is a mirror port or trunk with VLAN tags')
    .option('--duration <time>', 'stop by itself, after 90s, 30m or 2h', durationOption)
    .option('--size <MB>', 'disk for each capture, a ring of ten files; default: 1000', sizeOption)
    .option('--headers', 'take headers only, and nothing that users sent; fewer causes can be told')
    .option('--windows <role>', 'these hosts run Windows: proxy, upstream or client, may be repeated', windowsOption)
    .addOption(new Option('-f, --format <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .option('--no-color', 'no colour, even on a terminal (so does NO_COLOR)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CapturePlanCommandOptions) => done(await capturePlanCommand(options)))
}

async function capturePlanCommand(options: CapturePlanCommandOptions): Promise<number> {
  const plan = capturePlan(planned(options))
  const isScreen = process.stdout.isTTY
  const paint = painter(isScreen && options.color && !process.env.NO_COLOR)
  const width = (isScreen && process.stdout.columns) || 80
  await print(options.format === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : renderPlan(plan, width, paint))
  return 0
}

const planned = (options: CapturePlanCommandOptions): CapturePlanOptions => ({
  proxy: options.proxy,
  upstreams: options.upstream,
  clients: options.client ?? [],
  nameServer: options.nameServer ?? null,
  vlan: options.vlan === true,
  depth: options.headers === true ? 'headers' : 'whole',
  windows: options.windows ?? [],
  ...(options.interface === undefined ? {} : { interface: options.interface }),
  ...(options.duration === undefined ? {} : { seconds: options.duration }),
  ...(options.size === undefined ? {} : { megabytes: options.size }),
})

/** Steps for a person. Commands are for copying: one line each, never wrapped. */
export function renderPlan({ steps }: CapturePlan, width: number, paint: Paint): string {
  const lines = steps.flatMap(({ title, host, why, commands }, i) => {
    const number = `${i + 1}.`.padEnd(4)
    return [
      `${number}${paint('bold', host === null ? title : `${title} (${host})`)}`,
      ...wrap(why, width, '    '),
      ...commands.map((command) => `      ${paint('cyan', visible(command, Infinity))}`),
      '',
    ]
  })
  return lines.join('\n')
}

/** `10.1.0.1`, `10.1.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function endpointOption(value: string): PlanEndpoint {
  if (isAddress(value)) return { address: value, port: null }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(value) ?? []
  const address = bracketed ?? plain ?? ''
  const port = digits === undefined ? null : Number(digits)
  // A name may stand for several addresses, and for others on another host.
  if (!isAddress(address) || (port !== null && (port < 1 || port > 65_535))) {
    throw new InvalidArgumentError('Expected an IP address, or one with a port: 10.1.0.1:80, [2001:db8::1]:80.')
  }
  return { address, port }
}

/** A zone (fe80::1%eth0) means another interface on another host, and capture filters have none. */
const isAddress = (text: string): boolean => isIP(text) > 0 && !text.includes('%')

const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600 }

function durationOption(value: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(value) ?? []
  if (number === undefined || Number(number) === 0)
    throw new InvalidArgumentError('Expected a time as in 90s, 30m or 2h.')
  return Number(number) * SECONDS[unit || 's']!
}

function sizeOption(value: string): number {
  const size = Number(value)
  if (!Number.isInteger(size) || size < 10 || size > 10_000_000) {
    throw new InvalidArgumentError('Expected a size in MB, 10 or more.')
  }
  return size
}

function windowsOption(value: string, before: HostRole[] = []): HostRole[] {
  const roles: readonly string[] = ['proxy', 'upstream', 'client'] satisfies HostRole[]
  if (!roles.includes(value)) throw new InvalidArgumentError('Expected proxy, upstream or client.')
  return [...before, value as HostRole]
}
