import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { baseName, bytesToUri, folderOf, joinUri, normalUri, schemeOf, uriToBytes } from '../../lib/storage/uri'

describe('one spelling a file', () => {
  test.each([
    ['/a/./b/../c.jpg', '/a/c.jpg'],
    ['a/c.jpg', path.resolve('a/c.jpg')],
    ['file:///a/c%20d.jpg', '/a/c d.jpg'],
    ['FILE://localhost/a/%C3%A9.jpg', '/a/é.jpg'],
    ['/a/100%.jpg', '/a/100%.jpg'],
    ['file:///a/%FF.jpg', 'file:///a/%FF.jpg'],
    ['s3://bucket/a//../b', 's3://bucket/a//../b'],
    ['https://host/a?x=1', 'https://host/a?x=1'],
  ])('%s -> %s', (uri, normal) => {
    expect(normalUri(uri)).toBe(normal)
    expect(normalUri(normal)).toBe(normal)
  })

  test('every byte but NUL and / survives the way to a URI and back', () => {
    const bytes = `/${Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1))
      .join('')
      .replace('/', '')}`
    expect(uriToBytes(bytesToUri(bytes))).toBe(bytes)
    expect(bytesToUri('/caf\xc3\xa9')).toBe('/café')
  })

  test('a Windows-like or odd name is a path, not a scheme', () => {
    expect(schemeOf('a:b')).toBe('file')
    expect(schemeOf('S3://b')).toBe('s3')
    expect(schemeOf('./s3://b')).toBe('file')
  })

  test.each(['file://host/a', 'file://a', 'file:///a%2', 'file:///a%00', 'file:///a?b'])('%s is refused', (uri) => {
    expect(() => normalUri(uri)).toThrow(expect.toSatisfy((error) => error.code === 'ERR_WORDMASK_INVALID_ARGUMENT'))
  })
})

describe('folders and what is below', () => {
  test.each([
    ['/a/b', '../c.jpg', '/a/c.jpg'],
    ['/a/b', '/c.jpg', '/c.jpg'],
    ['/a', 's3://bucket/k', 's3://bucket/k'],
    ['file:///%FF', 'é.jpg', 'file:///%FF/%C3%A9.jpg'],
    ['s3://bucket/p/', 'x/./y.jpg', 's3://bucket/p/x/y.jpg'],
    ['https://host/p', 'a b/c#1?.jpg', 'https://host/p/a%20b/c%231%3F.jpg'],
    ['https://host/p/', '../q.jpg', 'https://host/q.jpg'],
  ])('%s and %s are %s', (folder, relative, joined) => {
    expect(joinUri(folder, relative)).toBe(joined)
  })

  test('an object store has no folder above: .. out of it is refused', () => {
    expect(() => joinUri('s3://bucket/p', '../q')).toThrow(/below s3:\/\/bucket\/p/)
  })

  test.each([
    ['/a/b.txt', '/a', 'b.txt'],
    ['s3://bucket/p/b.csv', 's3://bucket/p', 'b.csv'],
    ['https://host/p/b.csv?sig=a/b', 'https://host/p', 'b.csv'],
  ])('%s lies in %s as %s', (uri, folder, name) => {
    expect(folderOf(uri)).toBe(folder)
    expect(baseName(uri)).toBe(name)
  })
})
