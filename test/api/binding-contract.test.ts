import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'

// What binding.d.ts declares as values: functions, and classes with their static and instance members.
const file = fileURLToPath(new URL('../../binding.d.ts', import.meta.url))
const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true)
const functions: string[] = []
const classes: { name: string; statics: string[]; members: string[]; getters: string[]; constructible: boolean }[] = []
for (const statement of source.statements) {
  if (ts.isFunctionDeclaration(statement)) functions.push(statement.name!.text)
  if (!ts.isClassDeclaration(statement)) continue
  const has = (member: ts.ClassElement, kind: ts.SyntaxKind) =>
    ts.canHaveModifiers(member) && (ts.getModifiers(member) ?? []).some((m) => m.kind === kind)
  const named = statement.members.filter((member) => member.name)
  const maker = statement.members.find(ts.isConstructorDeclaration)!
  classes.push({
    name: statement.name!.text,
    statics: named.filter((m) => has(m, ts.SyntaxKind.StaticKeyword)).map((m) => m.name!.getText()),
    members: named.filter((m) => !has(m, ts.SyntaxKind.StaticKeyword) && ts.isMethodDeclaration(m)).map((m) => m.name!.getText()),
    getters: named.filter(ts.isPropertyDeclaration).map((m) => m.name.getText()),
    constructible: !has(maker, ts.SyntaxKind.PrivateKeyword),
  })
}
const own = (object: object, without: string[]) =>
  Object.getOwnPropertyNames(object)
    .filter((name) => !without.includes(name))
    .sort()

test('the .node exports what binding.d.ts declares, no more and no less', () => {
  expect(functions.length).toBeGreaterThan(8)
  expect(own(binding(), [])).toEqual([...functions, ...classes.map(({ name }) => name)].sort())
})

describe.each(classes)('class $name', ({ name, statics, members, getters, constructible }) => {
  const native = () => (binding() as unknown as Record<string, { new (): object; prototype: object }>)[name]!

  test('has the declared static functions, methods and getters', () => {
    expect(own(native(), ['length', 'name', 'prototype', 'arguments', 'caller'])).toEqual([...statics].sort())
    expect(own(native().prototype, ['constructor'])).toEqual([...members, ...getters].sort())
  })

  test(constructible ? 'can be made with new' : 'cannot be made with new: the constructor is private', () => {
    if (constructible) expect(new (native())()).toBeInstanceOf(native())
    else expect(() => new (native())()).toThrow(/no public constructor/)
  })
})

test('the error codes thrown natively are all among those of lib/errors.ts', () => {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const codes = (text: string) => new Set(text.match(/ERR_WORDMASK_[A-Z_]+/g))
  const declared = codes(read('lib/errors.ts'))
  const thrown = codes(read('native/base/error.h'))
  expect(thrown.size).toBeGreaterThan(10)
  expect([...thrown].filter((code) => !declared.has(code))).toEqual([])
})
