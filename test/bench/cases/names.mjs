// 171 names of things and stuff, as many as COCO-Stuff has, and the prompts they give.
import { readFileSync } from 'node:fs'

const things = `person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter,
bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard,
sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl,
banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv,
laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
hair drier, toothbrush`
const stuff = `banner, blanket, branch, bridge, building, bush, cabinet, cage, cardboard, carpet, ceiling, ceiling tile, cloth, clothes, clouds,
counter, cupboard, curtain, desk, dirt, door, fence, marble floor, floor, stone floor, tiled floor, wooden floor, flower, fog, food, fruit,
furniture, grass, gravel, ground, hill, house, leaves, light, mat, metal, mirror, moss, mountain, mud, napkin, net, paper, pavement, pillow,
plant, plastic, platform, playing field, railing, railroad, river, road, rock, roof, rug, salad, sand, sea, shelf, sky, skyscraper, snow,
solid wood, stairs, stone, straw, structure, table, tent, textile, towel, tree, vegetable, brick wall, concrete wall, wall, panel wall,
stone wall, tiled wall, wooden wall, water, water drops, window blind, window, wood`

export const names = `${things}, ${stuff}`.split(/,\s+/)

/** Evenly spaced prompts of all names in all of CLIP's 80 templates. */
export function prompts(count) {
  const templates = JSON.parse(readFileSync(new URL('../../../models/prompts/imagenet.json', import.meta.url), 'utf8'))
  const all = names.flatMap((name) => templates.map((template) => template.replace('{}', name)))
  return { all: all.length, chosen: Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]) }
}
