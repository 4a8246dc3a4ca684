// capture-plan, started as a program.
import type { CapturePlan } from '@pcap-surgery/core'
import { describe, expect, test } from 'vitest'
import { type Ran, runCommand } from '../../../tools/command.ts'

const run = (...args: string[]): Promise<Ran> => runCommand('.', ['capture-plan', ...args])

const commandsOf = async (...args: string[]): Promise<string[]> =>
  (JSON.parse((await run(...args, '--format', 'json')).out) as CapturePlan).steps.flatMap(({ commands }) => commands)

/** The command for the proxy’s host. */
const proxys = async (...args: string[]): Promise<string | undefined> =>
  (await commandsOf(...args)).find((line) => line.includes('-w /var/tmp/proxy'))

const POOL = ['--proxy', '10.1.0.1:443', '--upstream', '10.3.0.11:8080', '--upstream', '[2001:db8::1]:8443']

test('host by host, in order, to the diagnosis', async () => {
  const { status, out, err } = await run(...POOL, '--client', '10.1.0.2', '--windows', 'upstream', '--duration', '30m')
  expect({ status, err }).toEqual({ status: 0, err: '' })
  await expect(out).toMatchFileSnapshot('render/expected/capture-plan.txt')
})

describe('the proxy’s capture', () => {
  test('has both sides, lookups, ICMP and ARP', async () => {
    expect(await proxys(...POOL, '--name-server', '10.9.0.9:8600')).toBe(
      "tcpdump -i any -s 0 -B 16384 -C 100 -W 10 -w /var/tmp/proxy.pcap '(tcp and port 443) or (tcp and host 10.3.0.11 and port 8080) or (tcp and host 2001:db8::1 and port 8443) or port 8600 or icmp or icmp6 or arp'",
    )
  })

  test('takes what it is told: interface, tags, size, headers', async () => {
    expect(
      await proxys(
        '--proxy',
        '10.1.0.1',
        '--upstream',
        '10.3.0.11',
        '--interface',
        'eth1',
        '--vlan',
        '--size',
        '50',
        '--headers',
      ),
    ).toBe(
      "tcpdump -i eth1 -s 128 -B 16384 -C 5 -W 10 -w /var/tmp/proxy.pcap '(tcp and host 10.1.0.1) or (tcp and host 10.3.0.11) or port 53 or icmp or icmp6 or arp or (vlan and ((tcp and host 10.1.0.1) or (tcp and host 10.3.0.11) or port 53 or icmp or icmp6 or arp))'",
    )
  })
})

test('an upstream on the proxy’s host is in the proxy’s capture', async () => {
  const commands = await commandsOf(
    '--proxy',
    '10.1.0.1:80',
    '--upstream',
    '127.0.0.1:8080',
    '--upstream',
    '10.1.0.1:8081',
  )
  expect(commands.filter((line) => line.includes('tcpdump -i'))).toHaveLength(1)
  expect(commands.at(-1)).toBe('pcap-surgery diagnose proxy.pcap*')
})

test.each([
  ['no proxy', ['--upstream', '10.3.0.11']],
  ['a name', ['--proxy', 'proxy.example', '--upstream', '10.3.0.11']],
  ['no such port', ['--proxy', '10.1.0.1:70000', '--upstream', '10.3.0.11']],
  ['shell in an address', ['--proxy', "10.1.0.1'; x", '--upstream', '10.3.0.11']],
  ['a zone in an address', ['--proxy', 'fe80::1%eth0', '--upstream', '[fe80::2%eth0]:80']],
  ['no time', ['--proxy', '10.1.0.1', '--upstream', '10.3.0.11', '--duration', 'long']],
  ['no such role', ['--proxy', '10.1.0.1', '--upstream', '10.3.0.11', '--windows', 'all']],
])('%s is wrong use', async (_, args) => {
  const { status, out, err } = await run(...args)
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).toContain('error: ')
})
