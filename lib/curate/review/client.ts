/**
 * What runs in the page. Tiles carry data-class, data-id and data-state ('', 'reject', 'accept'); states are kept in the
 * browser's storage under the key of the set, so that closing the page loses nothing where the browser allows it.
 */
export const client = `
'use strict'
{
  const facts = JSON.parse(document.getElementById('facts').textContent)
  const tiles = [...document.querySelectorAll('.tile')]
  const said = document.getElementById('said')
  const words = { '': 'undecided', reject: 'rejected', accept: 'accepted' }
  const key = 'wordmask-review-' + facts.key
  const save = document.getElementById('save')
  const history = []
  let unsaved = false

  const load = () => { try { return JSON.parse(localStorage.getItem(key)) || {} } catch { return {} } }
  const keep = () => {
    const states = {}
    tiles.forEach((tile, i) => { if (tile.dataset.state) states[i] = tile.dataset.state })
    try { localStorage.setItem(key, JSON.stringify(states)) } catch {}
  }
  const paint = (tile, state) => {
    tile.dataset.state = state
    tile.setAttribute('aria-label', tile.dataset.label + ', ' + words[state])
    tile.querySelector('.badge').textContent = state === 'reject' ? '✕ rejected' : state === 'accept' ? '✓ accepted' : ''
  }
  const set = (tile, state) => {
    if (tile.dataset.state === state) return
    history.push([tile, tile.dataset.state])
    paint(tile, state)
    changed(tile.dataset.label + ': ' + words[state])
  }
  const changed = (message) => {
    unsaved = true
    keep()
    count()
    said.textContent = message
  }
  const count = () => {
    const all = { '': 0, reject: 0, accept: 0 }
    const classes = facts.classes.map(() => ({ '': 0, reject: 0, accept: 0 }))
    for (const tile of tiles) {
      all[tile.dataset.state]++
      classes[tile.dataset.class][tile.dataset.state]++
    }
    document.getElementById('all').textContent = line(all)
    document.querySelectorAll('[data-counter]').forEach((place) => {
      const one = classes[place.dataset.counter]
      place.textContent = place.dataset.short ? one[''] + one.accept : line(one)
    })
    save.disabled = all.reject + all.accept === 0
    document.getElementById('undo').disabled = history.length === 0
  }
  const line = (n) => n.accept + ' accepted · ' + n.reject + ' rejected · ' + n[''] + ' undecided'

  const lines = () => tiles.filter((tile) => tile.dataset.state).map((tile) => JSON.stringify({
    class: facts.classes[tile.dataset.class], id: tile.dataset.id, decision: tile.dataset.state, ...(facts.audit && { audit: facts.audit }),
  }) + '\\n').join('')
  const download = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([lines()], { type: 'application/jsonl' }))
    link.download = facts.file
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
    unsaved = false
    said.textContent = facts.file + ' saved'
  }
  const undo = () => {
    const last = history.pop()
    if (!last) return
    paint(...last)
    last[0].focus()
    changed('undone: ' + last[0].dataset.label)
  }

  const shown = () => tiles.filter((tile) => tile.offsetParent !== null)
  const move = (tile, dx, dy) => {
    const list = shown()
    const at = list.indexOf(tile)
    if (dy === 0) return list[at + dx]
    const { left, top } = tile.getBoundingClientRect()
    const rows = list.filter((other) => Math.sign(other.getBoundingClientRect().top - top) === dy)
    const row = rows.length && (dy > 0 ? rows[0] : rows.at(-1)).getBoundingClientRect().top
    return rows.filter((other) => other.getBoundingClientRect().top === row)
      .sort((a, b) => Math.abs(a.getBoundingClientRect().left - left) - Math.abs(b.getBoundingClientRect().left - left))[0]
  }
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
  const keys = { x: 'reject', n: 'reject', Delete: 'reject', a: 'accept', y: 'accept', u: '' }

  document.addEventListener('click', (event) => {
    const tile = event.target.closest('.tile')
    if (tile) set(tile, tile.dataset.state === 'reject' ? '' : 'reject')
    const rest = event.target.closest('[data-rest]')
    if (rest) tiles.filter((one) => one.dataset.class === rest.dataset.rest && !one.dataset.state).forEach((one) => set(one, 'accept'))
  })
  document.addEventListener('keydown', (event) => {
    if (event.key === 'z' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); return undo() }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const tile = event.target.closest('.tile')
    if (!tile) {
      if (event.key.startsWith('Arrow') && event.target === document.body && shown()[0]) { event.preventDefault(); shown()[0].focus() }
      return
    }
    const step = steps[event.key]
    const state = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    const next = step ? move(tile, ...step) : state === undefined ? undefined : move(tile, 1, 0)
    if (step || state !== undefined) event.preventDefault()
    if (state !== undefined) set(tile, state)
    if (next) next.focus()
  })
  document.getElementById('hide').addEventListener('change', (event) => document.body.classList.toggle('hide', event.target.checked))
  document.getElementById('undo').addEventListener('click', undo)
  save.addEventListener('click', download)
  addEventListener('beforeunload', (event) => { if (unsaved) event.preventDefault() })

  const before = load()
  tiles.forEach((tile, i) => paint(tile, before[i] || tile.dataset.state))
  count()
  window.wordmaskReview = { lines }
}
`
