// Filters are copied into Wireshark, and into shells: what is in them is ours.
import { expect, test } from 'vitest'
import { nameFilter } from './filter.ts'

test.each([
  ['app.internal', 'dns.qry.name == "app.internal"'],
  ['_http._tcp.app-1.internal', 'dns.qry.name == "_http._tcp.app-1.internal"'],
  [`x'$(id)".internal`, 'dns.qry.name contains ".internal"'],
  [String.raw`a\.b\032\010c\\d.internal`, 'dns.qry.name contains "d.internal"'],
  [String.raw`\000'\255`, 'dns'],
  ['.', 'dns.qry.name == "."'],
])('the name %s', (name, filter) => {
  expect(nameFilter(name)).toBe(filter)
})
