/** The upper half of how null names score, in scales above their median. */
export interface Tail {
  /** Value that is passed with chance p. */
  quantile(p: number): number
  /** Chance of a value of z or more. */
  above(z: number): number
}

/** Gumbel's distribution, that of a largest value; its scale is its median less its 16% quantile. */
export const gumbel: Tail = {
  quantile: (p) => (-Math.log(-Math.log1p(-p)) - middle) / (middle - low),
  above: (z) => -Math.expm1(-Math.exp(-(middle + z * (middle - low)))),
}

const middle = -Math.log(Math.log(2))
const low = -Math.log(-Math.log(0.16))

/** The normal distribution; its scale is its median less its 16% quantile, very nearly its standard deviation. */
export const normal: Tail = {
  quantile: (p) => normalQuantile(p) / sixteenth,
  above: (z) => normalAbove(z * sixteenth),
}

/** The normal's 16% quantile lies so many standard deviations below its mean. */
const sixteenth = 0.994457883209753

/** The complementary error function by its continued fraction and its series (Abramowitz and Stegun 7.1.5, 7.1.14), halved. */
function normalAbove(x: number): number {
  if (x < 0) return 1 - normalAbove(-x)
  if (x < 3) {
    let [term, sum] = [x, x]
    for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (x * x) / (2 * n + 1)
    return 0.5 - (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  }
  let fraction = x
  for (let n = 60; n > 0; n--) fraction = x + n / fraction
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / fraction
}

function normalQuantile(p: number): number {
  let [least, most] = [-38, 38]
  for (let i = 0; i < 80; i++) {
    const half = (least + most) / 2
    if (normalAbove(half) > p) least = half
    else most = half
  }
  return (least + most) / 2
}
