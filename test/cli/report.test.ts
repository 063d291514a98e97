import { describe, expect, test } from 'vitest'
import { renderReport } from '../../lib/report/page.js'

const report = (title: string) =>
  renderReport({
    title,
    lead: ['lead'],
    figures: [{ label: 'images', value: '1' }],
    items: [
      {
        title: 'a.png',
        facts: ['12 ms'],
        panels: [{ caption: 'input', src: 'data:image/png;base64,AA==' }],
        legend: [{ name: 'fox', color: [1, 2, 3], coverage: 0.043 }],
      },
    ],
    sections: [
      {
        title,
        lead: ['why'],
        command: `wordmask specialist "${title}"`,
        figures: [{ label: 'IoU', value: '0.50', note: '0.40 to 0.60' }],
        items: [{ title, facts: [], panels: [], legend: [] }],
        footer: ['rests on'],
      },
    ],
    footer: ['end'],
  })

describe('report page', () => {
  test('needs nothing beside it: no script, no address, no file', () => {
    const page = report('demo')
    expect(page).not.toMatch(/<script|https?:|src="(?!data:)|@import|url\(/)
    expect(page).toContain('<span class="share">4.3%</span>')
  })
  test('a section has its own heading, command, figures and items, one level down', () => {
    const page = report('demo')
    expect(page).toMatch(/<section>\s*<h2>demo<\/h2>\s*<p>why<\/p>\s*<pre><code>wordmask specialist &#34;demo&#34;<\/code><\/pre>/)
    const section = page.slice(page.indexOf('<section>'), page.indexOf('</section>'))
    expect(section).toContain('<small>0.40 to 0.60</small>')
    expect(section).toContain('<h3>demo</h3>')
    expect(section).toContain('<p>rests on</p>')
  })
  test('names from files cannot break out of the page', () => {
    const page = report('<img src=x onerror="alert(1)">')
    expect(page).not.toContain('<img src=x')
    expect(page).toContain('&#60;img src=x onerror=&#34;alert(1)&#34;&#62;')
  })
})
