import type { ExportModelFlags } from './commands/model'
import type { Context } from './program'
import { shownPath, speak } from './terminal'

export async function exportModelFile(folder: string, flags: ExportModelFlags, context: Context): Promise<void> {
  const { exportModel } = await import('../onnx/export.js')
  const { format, into, fp16 = false, page, json = false } = flags
  const written = await exportModel(folder, { format, into, fp16, ...(page !== undefined && { page }), signal: context.interrupt.stop })
  const beside = page === undefined ? '' : `; open ${shownPath(page)} in a browser`
  speak(json, { event: 'exported', format, ...written }, `${shownPath(into)}: ${(written.bytes / 1e6).toFixed(1)} MB${beside}`)
}
