import { writeAtomic } from '../run/atomic'

/** Draws a Vega-Lite specification as SVG. */
export async function drawChart(svg: string, specification: object): Promise<void> {
  const vega = await import('vega')
  const lite = await import('vega-lite')
  const { spec } = lite.compile(specification as never)
  const view = new vega.View(vega.parse(spec), { renderer: 'none' })
  await writeAtomic(svg, await view.toSVG())
  view.finalize()
}
