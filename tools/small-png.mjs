// Pictures of an interface have few colours: with a palette a PNG of them is half as large, and looks the same.
import { crc32, deflateSync } from 'node:zlib'

/**
 * The PNG with a palette of its 256 most frequent colours; a pixel of another takes the nearest. `page` is a blank page of
 * a browser, which decodes it. PNG, third edition, sections 5 and 11.
 */
export async function smallPng(page, png) {
  const { width, height, base64 } = await page.evaluate(decoded, png.toString('base64'))
  const pixels = Buffer.from(base64, 'base64')
  const colourAt = (pixel) => pixels.readUInt32BE(pixel * 4) >>> 8 // R, G, B without alpha
  const counts = new Map()
  for (let i = 0; i < width * height; i++) counts.set(colourAt(i), (counts.get(colourAt(i)) ?? 0) + 1)
  const palette = [...counts.keys()].toSorted((a, b) => counts.get(b) - counts.get(a) || a - b).slice(0, 256)
  const indices = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]))

  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3], 8) // bit depth, colour type: indexed
  const lines = Buffer.alloc((width + 1) * height) // each behind its filter type, 0: none
  for (let i = 0; i < width * height; i++) lines[i + Math.floor(i / width) + 1] = indices.get(colourAt(i))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(parts))),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const parts = (colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff]

function nearest(palette, colour) {
  const distances = palette.map((other) => {
    const wanted = parts(colour)
    return parts(other).reduce((sum, part, i) => sum + (part - wanted[i]) ** 2, 0)
  })
  return distances.indexOf(Math.min(...distances))
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  const check = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

/** Runs in the browser: the size, and the pixels as R, G, B and alpha, in base64. */
async function decoded(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
  const { width, height } = image
  const context = new OffscreenCanvas(width, height).getContext('2d')
  context.drawImage(image, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
  let text = ''
  for (let i = 0; i < data.length; i += 0x8000) text += String.fromCharCode(...data.subarray(i, i + 0x8000))
  return { width, height, base64: btoa(text) }
}
