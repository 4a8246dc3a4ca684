// Whose program is at the other end of a connection over the loopback interface: 127.0.0.1 is everybody's on this machine.
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { endianness } from 'node:os'

/** 127.0.0.1 as the kernel prints it: the four bytes of the address as one number of the host. */
const LOOPBACK = endianness() === 'LE' ? '0100007F' : '7F000001'

/**
 * True where the program belongs to the user of this one, or to root, who may read everything anyway; and where the
 * system does not tell, as any but Linux.
 */
export async function isOwnUser({ remotePort = 0, localPort = 0 }: Socket): Promise<boolean> {
  if (process.platform !== 'linux') return true
  // A program may reach 127.0.0.1 through a socket of IPv6, as ::ffff:127.0.0.1.
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'latin1').catch(() => '')),
  )
  if (tables.every((table) => table === '')) return true
  const user = userOf(tables.join('\n'), remotePort, localPort)
  return user === 0 || user === process.getuid!()
}

/**
 * The user of the socket that is bound to 127.0.0.1:`from` and connected to 127.0.0.1:`to`, in tables as in proc_net(5):
 * `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …`, numbers in hex but for the user. Null:
 * none.
 */
export function userOf(tables: string, from: number, to: number): number | null {
  const own = `${LOOPBACK}:${hex(from)}`
  const peer = `${LOOPBACK}:${hex(to)}`
  for (const line of tables.split('\n')) {
    const [, local = '', remote = '', , , , , user = ''] = line.trim().split(/\s+/)
    if (local.endsWith(own) && remote.endsWith(peer)) return Number(user)
  }
  return null
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')
