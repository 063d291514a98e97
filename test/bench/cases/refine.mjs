// Refinement of a 500 x 375 picture: dense CRF and PAMR, with 21 and 171 names.

const SIZE = { width: 500, height: 375 }

const refinement = (op, name, python, peer, classes) => ({
  id: `${op.replace('_', '-')}-${classes}`,
  title: `${name} of 500x375, T=${classes}, 10 iterations`,
  unit: 'ms',
  op,
  ours: { op, side: 'ours', set: { ...SIZE, classes } },
  check: ({ relative: found }) => (found <= 1e-3 ? undefined : `relative error ${found.toExponential(1)}, at most 1e-3`),
  peers: [
    { name: peer, program: { python, args: { ...SIZE, classes } } },
    { name: 'LibTorch composition', program: { op, side: 'plain', set: { ...SIZE, classes } } },
  ],
})

export const refinements = [21, 171].flatMap((classes) => [
  refinement('dense_crf', 'dense CRF', 'dense_crf.py', 'pydensecrf2 (one thread)', classes),
  refinement('pamr', 'PAMR', 'pamr.py', 'PyTorch eager', classes),
])
