/** DeepLabv3+ once more, plain and in float64: norms by themselves, loops over everything. */
export interface Grid {
  data: Float64Array
  c: number
  h: number
  w: number
}
export type Weights = Map<string, { data: Float32Array; shape: number[] }>

interface Conv {
  stride?: number
  dilation?: number
  groups?: number
}

const grid = (c: number, h: number, w: number): Grid => ({ data: new Float64Array(c * h * w), c, h, w })
const map = (x: Grid, f: (value: number, i: number) => number): Grid => ({ ...x, data: x.data.map(f) })
const relu = (x: Grid) => map(x, (v) => Math.max(0, v))
const relu6 = (x: Grid) => map(x, (v) => Math.min(6, Math.max(0, v)))
const add = (a: Grid, b: Grid) => map(a, (v, i) => v + b.data[i]!)

export class Reference {
  constructor(
    private readonly weights: Weights,
    private readonly outputStride: number,
  ) {}

  private get(key: string) {
    const found = this.weights.get(key)
    if (!found) throw new Error(`no ${key}`)
    return found
  }

  private conv(x: Grid, key: string, { stride = 1, dilation = 1, groups = 1 }: Conv = {}): Grid {
    const { data, shape } = this.get(`${key}.weight`)
    const [out, inner, k] = shape as [number, number, number]
    const bias = this.weights.get(`${key}.bias`)?.data
    const pad = ((k - 1) / 2) * dilation
    const y = grid(
      out,
      Math.floor((x.h + 2 * pad - dilation * (k - 1) - 1) / stride) + 1,
      Math.floor((x.w + 2 * pad - dilation * (k - 1) - 1) / stride) + 1,
    )
    for (let o = 0; o < out; o++)
      for (let i = 0; i < y.h; i++)
        for (let j = 0; j < y.w; j++) {
          let sum = bias?.[o] ?? 0
          for (let c = 0; c < inner; c++)
            for (let a = 0; a < k; a++)
              for (let b = 0; b < k; b++) {
                const [row, column] = [i * stride - pad + a * dilation, j * stride - pad + b * dilation]
                if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue
                const from = Math.floor(o / (out / groups)) * inner + c
                sum += data[((o * inner + c) * k + a) * k + b]! * x.data[(from * x.h + row) * x.w + column]!
              }
          y.data[(o * y.h + i) * y.w + j] = sum
        }
    return y
  }

  private norm(x: Grid, key: string): Grid {
    const [gain, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) => this.get(`${key}.${leaf}`).data)
    return map(x, (value, i) => {
      const c = Math.floor(i / (x.h * x.w))
      return ((value - mean![c]!) / Math.sqrt(variance![c]! + 1e-5)) * gain![c]! + bias![c]!
    })
  }

  private pair(x: Grid, key: string, options?: Conv): Grid {
    return this.norm(this.conv(x, `${key}.0`, options), `${key}.1`)
  }

  private separable(x: Grid, key: string, norm: string, dilation: number): Grid {
    return relu(this.norm(this.conv(this.conv(x, `${key}.body.0`, { dilation, groups: x.c }), `${key}.body.1`), norm))
  }

  private mobilenet(x: Grid): { low: Grid; high: Grid } {
    const table: [stride: number, dilation: number][] =
      this.outputStride === 16
        ? [
            [1, 1],
            [2, 1],
            [1, 1],
            [2, 1],
            [1, 1],
            [1, 1],
            [2, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 2],
            [1, 2],
            [1, 2],
          ]
        : [
            [1, 1],
            [2, 1],
            [1, 1],
            [2, 1],
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 2],
            [1, 2],
            [1, 2],
            [1, 2],
            [1, 2],
            [1, 2],
            [1, 2],
            [1, 4],
            [1, 4],
            [1, 4],
          ]
    let y = relu6(this.pair(x, 'backbone.features.0', { stride: 2 }))
    let low = y
    table.forEach(([stride, dilation], at) => {
      const conv = `backbone.features.${at + 1}.conv.`
      const begin = y
      if (at > 0) y = relu6(this.pair(y, `${conv}0`))
      y = relu6(this.pair(y, `${conv}${at > 0 ? 1 : 0}`, { stride, dilation, groups: y.c }))
      y = this.norm(this.conv(y, `${conv}${at > 0 ? 2 : 1}`), `${conv}${at > 0 ? 3 : 2}`)
      if (stride === 1 && begin.c === y.c) y = add(begin, y)
      if (at === 2) low = y
    })
    return { low, high: y }
  }

  private resnet(x: Grid): { low: Grid; high: Grid } {
    const table: [stride: number, first: number, rest: number][] =
      this.outputStride === 16
        ? [
            [1, 1, 1],
            [2, 1, 1],
            [2, 1, 1],
            [1, 1, 2],
          ]
        : [
            [1, 1, 1],
            [2, 1, 1],
            [1, 1, 2],
            [1, 2, 4],
          ]
    let y = maxPool(relu(this.norm(this.conv(x, 'backbone.conv1', { stride: 2 }), 'backbone.bn1')))
    let low = y
    table.forEach(([step, first, rest], stage) => {
      for (let i = 0; this.weights.has(`backbone.layer${stage + 1}.${i}.conv1.weight`); i++) {
        const block = `backbone.layer${stage + 1}.${i}.`
        const options = i === 0 ? { stride: step, dilation: first } : { dilation: rest }
        let z = relu(this.norm(this.conv(y, `${block}conv1`), `${block}bn1`))
        z = relu(this.norm(this.conv(z, `${block}conv2`, options), `${block}bn2`))
        z = this.norm(this.conv(z, `${block}conv3`), `${block}bn3`)
        y = relu(add(z, i === 0 ? this.pair(y, `${block}downsample`, { stride: step }) : y))
      }
      if (stage === 0) low = y
    })
    return { low, high: y }
  }

  /** -> log-probabilities */
  forward(x: Grid): Grid {
    const { low, high } = this.weights.has('backbone.conv1.weight') ? this.resnet(x) : this.mobilenet(x)
    const aspp = 'classifier.aspp.'
    const rates = this.outputStride === 16 ? [6, 12, 18] : [12, 24, 36]
    const branches = [relu(this.pair(high, `${aspp}convs.0`))]
    for (const [i, rate] of rates.entries()) branches.push(this.separable(high, `${aspp}convs.${i + 1}.0`, `${aspp}convs.${i + 1}.1`, rate))
    const mean = grid(high.c, 1, 1)
    for (const [i, value] of high.data.entries()) mean.data[Math.floor(i / (high.h * high.w))]! += value / (high.h * high.w)
    const pooled = relu(this.norm(this.conv(mean, `${aspp}convs.4.1`), `${aspp}convs.4.2`))
    branches.push(map(grid(pooled.c, high.h, high.w), (_, i) => pooled.data[Math.floor(i / (high.h * high.w))]!))
    const wide = bilinear(relu(this.pair(concat(branches), `${aspp}project`)), low.h, low.w)
    const both = concat([relu(this.pair(low, 'classifier.project')), wide])
    const refined = this.separable(both, 'classifier.classifier.0', 'classifier.classifier.1', 1)
    return logSoftmax(this.conv(refined, 'classifier.classifier.3'))
  }
}

function maxPool(x: Grid): Grid {
  const y = grid(x.c, Math.floor((x.h - 1) / 2) + 1, Math.floor((x.w - 1) / 2) + 1)
  return map(y, (_, at) => {
    const [c, i, j] = [Math.floor(at / (y.h * y.w)), Math.floor(at / y.w) % y.h, at % y.w]
    let best = Number.NEGATIVE_INFINITY
    for (let a = 2 * i - 1; a <= 2 * i + 1; a++)
      for (let b = 2 * j - 1; b <= 2 * j + 1; b++)
        if (a >= 0 && a < x.h && b >= 0 && b < x.w) best = Math.max(best, x.data[(c * x.h + a) * x.w + b]!)
    return best
  })
}

const concat = (grids: Grid[]): Grid => ({
  ...grids[0]!,
  data: Float64Array.from(grids.flatMap(({ data }) => [...data])),
  c: grids.reduce((sum, { c }) => sum + c, 0),
})

/** Half-pixel centres. */
export function bilinear(x: Grid, h: number, w: number): Grid {
  const y = grid(x.c, h, w)
  const source = (i: number, from: number, to: number) => Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5))
  return map(y, (_, at) => {
    const [c, i, j] = [Math.floor(at / (h * w)), source(Math.floor(at / w) % h, x.h, h), source(at % w, x.w, w)]
    const [top, left] = [Math.floor(i), Math.floor(j)]
    const [bottom, right] = [Math.min(top + 1, x.h - 1), Math.min(left + 1, x.w - 1)]
    const value = (a: number, b: number) => x.data[(c * x.h + a) * x.w + b]!
    const upper = value(top, left) + (value(top, right) - value(top, left)) * (j - left)
    const lower = value(bottom, left) + (value(bottom, right) - value(bottom, left)) * (j - left)
    return upper + (lower - upper) * (i - top)
  })
}

function logSoftmax(x: Grid): Grid {
  const n = x.h * x.w
  return map(x, (value, i) => {
    let sum = 0
    for (let c = 0; c < x.c; c++) sum += Math.exp(x.data[c * n + (i % n)]!)
    return value - Math.log(sum)
  })
}

export function argmax(x: Grid): number[] {
  const n = x.h * x.w
  return Array.from({ length: n }, (_, i) => {
    let best = 0
    for (let c = 1; c < x.c; c++) if (x.data[c * n + i]! > x.data[best * n + i]!) best = c
    return best
  })
}
