/**
 * Goal: frames come out whole, however the stream was cut. Method: every way to cut a short stream into two and three.
 */
import { expect, test } from 'vitest'
import { FrameSplitter } from './framing.ts'

const frames = [[1], [2, 2], [3, 3, 3, 3, 3]]
const stream = Uint8Array.from(frames.flatMap((body) => [0, 0, 0, body.length, ...body]))

function split(...chunks: Uint8Array[]): number[][] {
  const found: number[][] = []
  const splitter = new FrameSplitter(5, (body) => found.push([...body]))
  for (const chunk of chunks) splitter.push(chunk)
  expect(splitter.isMidMessage).toBe(false)
  return found
}

test('cut anywhere, once and twice', () => {
  for (let i = 0; i <= stream.length; i++) {
    expect(split(stream.slice(0, i), stream.slice(i))).toEqual(frames)
    for (let j = i; j <= stream.length; j++)
      expect(split(stream.slice(0, i), stream.slice(i, j), stream.slice(j))).toEqual(frames)
  }
})

test('byte by byte', () => expect(split(...Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(frames))

test('at the limit, and one beyond', () => {
  expect(split(Uint8Array.of(0, 0, 0, 5, 1, 2, 3, 4, 5))).toEqual([[1, 2, 3, 4, 5]])
  expect(() => split(Uint8Array.of(0, 0, 0, 6))).toThrow('a frame of 6 bytes, and limits.frameBytesMax is 5')
  expect(() => split(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toThrow('a frame of 4294967295 bytes')
  expect(() => split(Uint8Array.of(0, 0, 0, 0))).toThrow('an empty frame')
})

test('memory held is what has arrived, not what was announced', () => {
  const splitter = new FrameSplitter(1e9, () => {})
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 100; i++) splitter.push(i === 0 ? Uint8Array.of(0x30, 0, 0, 0) : Uint8Array.of(1))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6)
  expect(splitter.isMidMessage).toBe(true)
})

test('stopped at any frame, it hands over no more, and all the rest when it goes on', () => {
  for (let stopAt = 1; stopAt <= frames.length; stopAt++) {
    for (let cut = 0; cut <= stream.length; cut++) {
      const found: number[][] = []
      const splitter: FrameSplitter = new FrameSplitter(5, (body) => {
        if (found.push([...body]) === stopAt) splitter.stop()
      })
      splitter.push(stream.slice(0, cut))
      splitter.push(stream.slice(cut))
      expect(found).toEqual(frames.slice(0, stopAt))
      splitter.goOn()
      expect(found).toEqual(frames)
      expect(splitter.keptBytes).toBe(0)
    }
  }
})

test('the buffer of a large frame ends where the frame does', () => {
  const splitter = new FrameSplitter(1e6, () => {})
  splitter.push(Uint8Array.of(0, 0, 0x20, 0))
  for (let left = 0x2000 - 1; left > 0; left--) splitter.push(Uint8Array.of(0))
  expect(splitter.keptBytes).toBe(0x2004)
})
