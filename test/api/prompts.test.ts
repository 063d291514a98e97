import { describe, expect, test } from 'vitest'
import { parseClasses } from '../../lib/text/classes'
import { classPrompts, fillTemplates, templateList } from '../../lib/text/prompts'

describe('templateList', () => {
  test('none is the bare name, vild has 14, imagenet has 80 templates, each with one place for the name', () => {
    expect(templateList('none')).toEqual(['{}'])
    expect(templateList('vild')).toHaveLength(14)
    expect(templateList('imagenet')).toHaveLength(80)
    for (const list of ['vild', 'imagenet'] as const) {
      expect(new Set(templateList(list)).size).toBe(templateList(list).length)
      for (const template of templateList(list)) expect(template.split('{}')).toHaveLength(2)
    }
    expect(templateList('imagenet')[0]).toBe('a bad photo of a {}.')
    expect(templateList('imagenet')[79]).toBe('a tattoo of the {}.')
  })

  test('an own list is taken as it is', () => {
    expect(templateList(['a {} on grass'])).toEqual(['a {} on grass'])
  })

  test.each([
    [['a photo of a dog'], /templates\[0\] has no \{\}/],
    [['{}', 'a {} and a {}'], /templates\[1\] has 2 \{\}/],
    [[], /empty/],
    ['a photo of {}', /write \["a photo of \{\}"\]/],
    ['coco', /'vild'/],
  ])('%j is refused with what to write', (templates, message) => {
    expect(() => templateList(templates as never)).toThrow(expect.toHaveCode('ERR_WORDMASK_TEMPLATE', message))
  })

  test('what is not text is an argument error', () => {
    expect(() => templateList(3 as never)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT'))
    expect(() => templateList([3] as never)).toThrow(expect.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', /templates\[0\]/))
  })
})

describe('prompts of a name', () => {
  test('the name goes in verbatim, also when it looks like a replacement pattern', () => {
    expect(fillTemplates('$& cat', ['a {}.', 'the {}'])).toEqual(['a $& cat.', 'the $& cat'])
  })

  test('synonyms are filled like the name; own prompts replace the templates', () => {
    const [fox, dog] = parseClasses([
      { name: 'fox', synonyms: ['vixen'] },
      { name: 'dog', synonyms: ['hound'], prompts: ['a drawing of a {}', 'something that barks'] },
    ])
    expect(classPrompts(fox!, ['a {}', 'the {}'])).toEqual(['a fox', 'the fox', 'a vixen', 'the vixen'])
    expect(classPrompts(dog!, ['a {}'])).toEqual(['a drawing of a dog', 'something that barks'])
  })
})
