/** The PASCAL VOC colour map: 256 colours, value 0 black. */
export const voc = Array.from({ length: 256 }, (_, value) => {
  const colour = [0, 0, 0]
  for (let bit = 7, rest = value; bit >= 0; bit--, rest >>= 3) for (let c = 0; c < 3; c++) colour[c] |= ((rest >> c) & 1) << bit
  return colour
})
