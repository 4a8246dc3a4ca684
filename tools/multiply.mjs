#!/usr/bin/env node
// Makes a large capture from a small one: multiply.mjs BASE.pcap OUT.pcap BYTES
//
// The base is copied side by side as up to SITES sites, which differ in the third octet of their IPv4 addresses, and again
// in rounds, one after the other. A round begins QUIET seconds after the one before ended, so that its addresses and
// ports come back as they do on a busy host: after TIME_WAIT, with TCP timestamps that went on. Each copy of a connection
// has initial sequence numbers of its own, and each site timestamps: else it would be the one connection, seen again
// behind translated addresses. Checksums stay as right or wrong as they were. Rounds are never cut, so that every failure
// in the base is there as often as there are copies; the file is at least BYTES long.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

export const SITES = 8
const QUIET = 61 // seconds
/** How far the timestamp clocks of two sites are apart. */
const SITE_TICKS = 0x1000_0001
const FILE_HEADER = 24
const RECORD_HEADER = 16
/** Length of the link-layer header, by LINKTYPE_ number: Ethernet, raw IP, Linux cooked v1 and v2. */
const LINK_HEADER = new Map([
  [1, 14],
  [101, 0],
  [113, 16],
  [276, 20],
])
const TCP = 6
const UDP = 17
const ACK = 0x10
const SACK = 5
const TIMESTAMPS = 8
const OUT_BUFFER = 16 << 20

/**
 * Writes the large capture and answers how large it became. Throws an Error with a sentence for the user where the
 * base is not of the kind that can be multiplied: pcap, little-endian, one of the link types above, IPv4.
 */
export function multiply(base, out, bytes) {
  const source = readFileSync(base)
  const { unit, link, records, span } = readBase(source, base)
  const file = openSync(out, 'w')
  const buffer = Buffer.allocUnsafe(OUT_BUFFER)
  let used = source.copy(buffer, 0, 0, FILE_HEADER)
  let size = used
  let frames = 0
  let rounds = 0
  // Fewer sites where one round of all of them would be too much.
  const sites = Math.max(1, Math.min(SITES, Math.ceil(bytes / source.length)))
  for (; size < bytes; rounds++) {
    for (const at of records) {
      const length = RECORD_HEADER + source.readUInt32LE(at + 8)
      const time = source.readUInt32LE(at) * unit + source.readUInt32LE(at + 4) + rounds * span
      for (let site = 0; site < sites; site++) {
        if (used + length > buffer.length) {
          writeSync(file, buffer, 0, used)
          used = 0
        }
        source.copy(buffer, used, at, at + length)
        buffer.writeUInt32LE(Math.floor(time / unit), used)
        buffer.writeUInt32LE(time % unit, used + 4)
        const ticks = Math.round((rounds * span * 1000) / unit) + site * SITE_TICKS
        const copy = { site, number: rounds * SITES + site, ticks }
        alterIp(buffer.subarray(used + RECORD_HEADER + link, used + length), copy)
        used += length
        size += length
        frames++
      }
    }
  }
  writeSync(file, buffer, 0, used)
  closeSync(file)
  return { bytes: size, frames, sites, rounds }
}

/** `unit`: fractions of a second that a timestamp counts; `span`: from round to round, in units. */
function readBase(source, name) {
  const magic = source.length < FILE_HEADER ? 0 : source.readUInt32LE(0)
  const unit = magic === 0xa1b2c3d4 ? 1e6 : magic === 0xa1b23c4d ? 1e9 : 0
  if (unit === 0) throw new Error(`${name}: not a little-endian pcap file`)
  const link = LINK_HEADER.get(source.readUInt32LE(20))
  if (link === undefined) throw new Error(`${name}: link type ${source.readUInt32LE(20)} cannot be multiplied`)
  const records = []
  let first = Infinity
  let last = -Infinity
  for (let at = FILE_HEADER; at + RECORD_HEADER <= source.length;) {
    const next = at + RECORD_HEADER + source.readUInt32LE(at + 8)
    if (next > source.length) break
    const time = source.readUInt32LE(at) * unit + source.readUInt32LE(at + 4)
    first = Math.min(first, time)
    last = Math.max(last, time)
    records.push(at)
    at = next
  }
  if (records.length === 0) throw new Error(`${name}: holds no packet`)
  return { unit, link, records, span: last - first + QUIET * unit }
}

/** Makes the packet that of another site and round: copy number 0 is the base itself. What is no IPv4 stays as it is. */
function alterIp(ip, copy) {
  if (ip.length < 20 || ip[0] >> 4 !== 4) return
  const header = (ip[0] & 15) * 4
  const from = endpoint(ip, 12, header)
  const to = endpoint(ip, 16, header)
  const before = sum(ip, 12, 20)
  ip[14] = (ip[14] + copy.site) & 255
  ip[18] = (ip[18] + copy.site) & 255
  const moved = sum(ip, 12, 20) - before
  fixChecksum(ip, 10, moved)
  const firstFragment = (ip.readUInt16BE(6) & 0x1fff) === 0
  if (!firstFragment) return
  // The addresses are part of the checksum of what they carry (RFC 9293 section 3.1, RFC 768).
  if (ip[9] === TCP && ip.length >= header + 20) alterTcp(ip.subarray(header), from, to, copy, moved)
  else if (ip[9] === UDP && ip.length >= header + 8 && ip.readUInt16BE(header + 6) !== 0) {
    fixChecksum(ip, header + 6, moved)
  }
}

function alterTcp(tcp, from, to, copy, moved) {
  const end = Math.min((tcp[12] >> 4) * 4, tcp.length)
  const before = sum(tcp, 0, end)
  if (copy.number > 0) {
    const sent = shift(from, copy.number)
    const received = shift(to, copy.number)
    add(tcp, 4, sent)
    if (tcp[13] & ACK) add(tcp, 8, received)
    alterOptions(tcp.subarray(0, end), received, copy.ticks)
  }
  fixChecksum(tcp, 16, moved + sum(tcp, 0, end) - before)
}

function alterOptions(header, received, ticks) {
  for (let at = 20; at + 1 < header.length && header[at] !== 0;) {
    const length = header[at] === 1 ? 1 : Math.max(2, header[at + 1])
    if (at + length > header.length) return
    if (header[at] === TIMESTAMPS && length === 10) {
      add(header, at + 2, ticks)
      if (header.readUInt32BE(at + 6) !== 0) add(header, at + 6, ticks)
    } else if (header[at] === SACK) {
      for (let edge = at + 2; edge + 4 <= at + length; edge += 4) add(header, edge, received)
    }
    at += length
  }
}

/** A number for one end of a connection in the base: address and port. */
function endpoint(ip, addressAt, header) {
  const port = ip.length >= header + 4 ? ip.readUInt16BE(header + (addressAt === 12 ? 0 : 2)) : 0
  return Math.imul(ip.readUInt32BE(addressAt), 0x01000193) ^ port
}

/** How far the sequence numbers of an end lie, in one copy, from those in the base. */
const shift = (end, number) => Math.imul(end ^ Math.imul(number, 0x9e3779b1), 0x2545f491) >>> 0

const add = (bytes, at, n) => bytes.writeUInt32BE((bytes.readUInt32BE(at) + n) % 2 ** 32, at)

/** Sum of 16-bit words; `to - from` is even. */
function sum(bytes, from, to) {
  let total = 0
  for (let at = from; at + 1 < to; at += 2) total += (bytes[at] << 8) | bytes[at + 1]
  return total
}

/** The words under a checksum grew by `difference`: HC' = ~(~HC + ~m + m') (RFC 1624). */
function fixChecksum(bytes, at, difference) {
  let total = (~bytes.readUInt16BE(at) & 0xffff) + difference
  total %= 0xffff
  if (total < 0) total += 0xffff
  bytes.writeUInt16BE(~total & 0xffff, at)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [base, out, bytes] = process.argv.slice(2)
  if (!(Number(bytes) > 0)) {
    process.stderr.write('usage: multiply.mjs BASE.pcap OUT.pcap BYTES\n')
    process.exitCode = 2
  } else {
    const made = multiply(base, out, Number(bytes))
    process.stdout.write(
      `${out}: ${made.frames} frames, ${made.bytes} bytes, ${made.sites} sites, ${made.rounds} rounds\n`,
    )
  }
}
