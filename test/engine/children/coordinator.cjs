// A process with one worker process, to be killed by a test.
const { Processes } = require('../../../dist/engine/processes.js')
const { WorkFolder } = require('../../../dist/engine/work-folder.js')

const { work, operations, timing } = JSON.parse(process.argv[2])
WorkFolder.open(work).then((folder) => {
  new Processes(folder, { ...timing, devices: ['cpu'], operations }).start()
  setInterval(() => {}, 1000)
})
