// A measured program is a process of its own that answers requests: one JSON object a line on its standard input and output.
//   program: {"event":"ready", versions, threads, note?}         once, when everything is prepared
//   {"do":"memory","reset":true}   -> {"event":"memory", resident, peak}    bytes; reset: the peak starts anew
//   {"do":"turn","seconds":1,"atLeast":2} -> {"event":"turn", samples: [seconds of each call]}
//   {"do":"output"}                -> {"event":"output", values: [at most 4096, evenly spaced], shape}
//   {"do":"stop"}                  -> the program ends
//   {"event":"error", message}     at any time: it cannot go on
// A line that is no such object is talk of a library and goes to stderr.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { processTicks } from './machine.mjs'

export class ProgramError extends Error {}

/** @returns {object | undefined} the message of a line, or undefined for talk */
export function parseMessage(line) {
  if (!line.startsWith('{')) return undefined
  try {
    const message = JSON.parse(line)
    return typeof message.event === 'string' ? message : undefined
  } catch {
    return undefined
  }
}

/** One live program. Requests are answered in order; there is one at a time. */
export class Program {
  constructor(name, command, args, { cwd, env }) {
    this.name = name
    this.child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.messages = []
    this.talk = ''
    this.waiting = undefined
    this.ended = undefined
    createInterface({ input: this.child.stdout }).on('line', (line) => this.receive(line))
    this.child.stderr.on('data', (chunk) => this.hear(String(chunk)))
    this.child.on('error', (error) => this.end(`cannot run ${command}: ${error.message}`))
    this.child.on('close', (status, signal) => this.end(`ended with ${signal ?? status}`))
    this.child.stdin.on('error', () => {}) // it has ended, which `close` tells
  }

  hear(text) {
    this.talk = (this.talk + text).slice(-4000)
  }

  receive(line) {
    const message = parseMessage(line)
    if (!message) return this.hear(`${line}\n`)
    this.messages.push(message)
    this.waiting?.()
  }

  end(how) {
    this.ended ??= how
    this.waiting?.()
  }

  /** The next answer, which must be `event`. */
  async expect(event) {
    while (this.messages.length === 0) {
      if (this.ended) throw new ProgramError(`${this.name} ${this.ended} instead of answering '${event}':\n${this.talk.trim()}`)
      await new Promise((resolve) => {
        this.waiting = resolve
      })
      this.waiting = undefined
    }
    const message = this.messages.shift()
    if (message.event === 'error') throw new ProgramError(`${this.name}: ${message.message}`)
    if (message.event !== event) throw new ProgramError(`${this.name} answered '${message.event}' where '${event}' was expected`)
    return message
  }

  ask(what, more = {}) {
    this.child.stdin.write(`${JSON.stringify({ do: what, ...more })}\n`)
    return this.expect(what)
  }

  ticks() {
    return this.ended ? 0 : processTicks(this.child.pid)
  }

  /** Asks it to stop, and makes it after ten seconds. */
  async stop() {
    if (this.ended) return
    this.child.stdin.end(`${JSON.stringify({ do: 'stop' })}\n`)
    const closed = new Promise((resolve) => this.child.once('close', resolve))
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000)
    await closed
    clearTimeout(timer)
  }
}
