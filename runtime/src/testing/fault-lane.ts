// One direction of a connection through the fault proxy.
import type { Socket } from 'node:net'
import type { Fault } from './fault-proxy.ts'

export interface Lane {
  set(fault: Fault): void
}

const tickMs = 20

/** Passes what `from` says on to `to`, as the fault of the moment wants it. */
export function createLane(from: Socket, to: Socket, first: Fault): Lane {
  return new OneWay(from, to, first)
}

class OneWay implements Lane {
  readonly #from: Socket
  readonly #to: Socket
  #fault: Fault
  #queue: Buffer[] = []
  #hasEnded = false
  /** The end was passed on, or the other side has vanished: nothing is passed on any more. */
  #isOver = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, first: Fault) {
    this.#from = from
    this.#to = to
    this.#fault = first
    from.on('error', () => undefined)
    from.on('data', (chunk: Buffer) => {
      this.#queue.push(chunk)
      this.#pump()
    })
    from.once('end', () => this.#end())
    from.once('close', (hadError) => {
      if (!hadError || this.#fault.kind === 'stall' || this.#isOver) this.#end()
      else to.resetAndDestroy()
    })
    to.once('close', () => clearTimeout(this.#timer))
    to.on('drain', () => from.resume())
  }

  set(fault: Fault): void {
    this.#fault = fault
    if (fault.kind === 'half-open') this.#isOver = true
    this.#pump()
  }

  #end(): void {
    this.#hasEnded = true
    this.#pump()
  }

  #pump(): void {
    const { kind } = this.#fault
    if (this.#isOver || kind === 'stall') {
      if (this.#isOver) this.#queue = []
      return
    }
    if (kind === 'slow') {
      this.#trickle(this.#fault.bytesPerSecond)
      return
    }
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) this.#pass(chunk)
    this.#finishIfEnded()
  }

  #pass(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#fault.kind === 'garbage') this.#write(Buffer.from(this.#fault.bytes))
    if (this.#fault.kind !== 'truncate') {
      this.#write(chunk)
      return
    }
    const { afterBytes } = this.#fault
    this.#write(chunk.subarray(0, afterBytes))
    this.#fault = { kind: 'truncate', afterBytes: Math.max(0, afterBytes - chunk.length) }
    if (chunk.length >= afterBytes) this.#finish()
  }

  #trickle(bytesPerSecond: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const waiting = Buffer.concat(this.#queue)
      const count = Math.max(1, Math.round((bytesPerSecond * tickMs) / 1000))
      if (waiting.length > 0) this.#write(waiting.subarray(0, count))
      this.#queue = waiting.length > count ? [waiting.subarray(count)] : []
      if (this.#queue.length > 0) this.#pump()
      else this.#finishIfEnded()
    }, tickMs)
    this.#timer.unref()
  }

  #finishIfEnded(): void {
    if (this.#hasEnded && !this.#isOver) this.#finish()
  }

  #finish(): void {
    this.#isOver = true
    this.#to.end()
  }

  #write(bytes: Buffer): void {
    if (this.#to.writable && !this.#to.write(bytes)) this.#from.pause()
  }
}
