import path from 'node:path'
import { writeAtomic } from '../run/atomic'
import type { OutputFolder } from '../run/output-folder'
import type { Mask } from '../segmenter/segmentation'
import type { ClassEntry } from '../text/classes'
import type { CocoImage } from '../write/coco'
import type { Written } from './commands/segment'

/** Writes the files that speak of all images, from the journal, so that images of earlier sittings are in them too. */
export async function writeDataSetFiles(into: string, folder: OutputFolder, classes: ClassEntry[], write: Written[]): Promise<void> {
  const at = (file: string) => path.join(into, file)
  if (write.includes('coco')) await (await import('../write/coco.js')).writeCoco(at('coco.json'), classes, images(folder))
  if (write.includes('csv')) await (await import('../write/csv.js')).writeCsv(at('segments.csv'), classes, images(folder))
  if (write.includes('label-studio')) {
    const { labelStudioConfig, writeLabelStudio } = await import('../write/label-studio.js')
    await writeLabelStudio(at('label-studio.json'), classes, images(folder))
    await writeAtomic(at('label-studio.xml'), labelStudioConfig(classes))
  }
  if (write.includes('voc')) await (await import('../write/voc.js')).writeVocLists(at('voc'), classes, names(folder))
  if (write.includes('cvat')) await (await import('../write/cvat.js')).writeCvatLists(at('cvat'), classes, names(folder))
  if (write.includes('yolo')) await (await import('../write/yolo.js')).writeYoloClasses(at('yolo'), classes)
}

async function* images(folder: OutputFolder): AsyncGenerator<CocoImage> {
  for await (const { image, name, width, height, masks } of folder.lines()) {
    const file_name = `${name}${name.endsWith(path.extname(image)) ? '' : path.extname(image)}`
    yield { file_name, width: width as number, height: height as number, masks: masks as Mask[] }
  }
}

async function* names(folder: OutputFolder): AsyncGenerator<string> {
  for await (const { name } of folder.lines()) yield name
}
