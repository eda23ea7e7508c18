// Runs backends until told to stop: `main.ts NAME=PORT …`.
import { startBackend, type Backend } from './backend.ts'

const wanted = process.argv.slice(2).map((argument) => /^([a-z][-a-z0-9]*)=([0-9]{1,5})$/.exec(argument))
if (wanted.length === 0 || wanted.includes(null)) {
  console.error(`Cannot start backends from "${process.argv.slice(2).join(' ')}": want one or more NAME=PORT`)
  process.exit(2)
}

const backends: Backend[] = []
for (const match of wanted) {
  const [, name = '', port = '0'] = match ?? []
  backends.push(await startBackend({ name, port: Number(port), keepRequests: false }))
}
for (const backend of backends) console.log(`${backend.name} listens on 127.0.0.1:${backend.port}`)

const stopAll = () => void Promise.all(backends.map((backend) => backend.stop())).then(() => process.exit(0))
process.once('SIGTERM', stopAll)
process.once('SIGINT', stopAll)
