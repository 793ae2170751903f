// One thread with one Typst compiler: a compile blocks its thread, so it never runs in the API's.
// Plain JavaScript, because it is started from the sources and from the build alike.

import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'

const { templates, fonts } = workerData

/** Pages are alike: what is remembered for longer than this many documents is not worth its room. */
const cacheAgeMax = 30

const compiler = NodeCompiler.create({ workspace: templates, fontArgs: [{ fontPaths: fonts }] })

/** Why something could not be set, in the compiler's words. */
const toReason = (error) =>
  error === null || typeof error !== 'object' || !('shortDiagnostics' in error)
    ? String(error)
    : JSON.stringify(compiler.fetchDiagnostics(error))

function toPdf({ template, data, standard, timestamp }) {
  const compiled = compiler.compile({
    mainFilePath: `${templates}/${template}/document.typ`,
    inputs: { data },
  })
  const document = compiled.result
  if (document === null) throw compiled.takeDiagnostics()
  return compiler.pdf(document, { pdfStandard: standard, creationTimestamp: timestamp })
}

parentPort?.on('message', (order) => {
  const files = order.files.map(({ path, bytes }) => ({ path: `${templates}${path}`, bytes }))
  const before = process.cpuUsage()
  try {
    for (const { path, bytes } of files) compiler.mapShadow(path, Buffer.from(bytes))
    const pdf = new Uint8Array(toPdf(order))
    const { user, system } = process.cpuUsage(before)
    parentPort?.postMessage({ pdf, cpuMs: (user + system) / 1_000 }, [pdf.buffer])
  } catch (error) {
    parentPort?.postMessage({ reason: toReason(error) })
  } finally {
    for (const { path } of files) compiler.unmapShadow(path)
    compiler.evictCache(cacheAgeMax)
  }
})
