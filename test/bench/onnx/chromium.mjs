import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

/** Labels of the page of `model export --page` for every file, in Debian's Chromium, and the median of the page's own clock. */
export async function inChromium(page, files, turns) {
  const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim()
  if (executablePath === '') return undefined
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const tab = await (await browser.newContext({ offline: true })).newPage()
    await tab.goto(pathToFileURL(page).href)
    await tab.waitForFunction("/^ready/.test(document.getElementById('state').textContent)", null, { timeout: 120_000 })
    const labels = []
    const times = []
    for (let turn = 0; turn <= turns; turn++) {
      for (const file of files) {
        await tab.setInputFiles('#file', [])
        await tab.evaluate('void (globalThis.seen = wordmask.answer())')
        await tab.setInputFiles('#file', file)
        await tab.waitForFunction('wordmask.answer() !== globalThis.seen', null, { timeout: 120_000 })
        if (turn === 0) labels.push(Uint8Array.from(await tab.evaluate('[...wordmask.answer().labels]')))
        else times.push(await tab.evaluate('wordmask.answer().milliseconds'))
      }
    }
    return { version: browser.version(), labels, ms: [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] }
  } finally {
    await browser.close()
  }
}
