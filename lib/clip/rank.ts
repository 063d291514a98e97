/** Softmax of logitScale x cosine over the classes, best first. Rows of `text` and `image` are unit vectors. */
export function rank(
  classes: readonly { name: string }[],
  image: Float32Array,
  text: Float32Array,
  logitScale: number,
): { name: string; score: number }[] {
  const d = image.length
  const logits = classes.map((_, i) => {
    let dot = 0
    for (let j = 0; j < d; j++) dot += (image[j] as number) * (text[i * d + j] as number)
    return dot * logitScale
  })
  const most = logits.reduce((a, b) => Math.max(a, b))
  const weights = logits.map((logit) => Math.exp(logit - most))
  const sum = weights.reduce((a, b) => a + b)
  return classes.map(({ name }, i) => ({ name, score: (weights[i] as number) / sum })).sort((a, b) => b.score - a.score)
}
