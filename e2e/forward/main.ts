// Passes TCP on to a server elsewhere, so that every part finds it where an own one would be: PORT HOST PORT.
import { connect, createServer } from 'node:net'

const [listen, host = '', port] = process.argv.slice(2)

// Questions and answers are small: what is held back to be sent together only comes later.
const server = createServer({ noDelay: true }, (client) => {
  const target = connect({ host, port: Number(port), noDelay: true })
  client.pipe(target).pipe(client)
  // What breaks on one side breaks on the other.
  client.on('error', () => target.destroy()).on('close', () => target.destroy())
  target.on('error', () => client.destroy()).on('close', () => client.destroy())
})

server.listen(Number(listen), '127.0.0.1', () => {
  console.log(`127.0.0.1:${listen} leads to ${host}:${port}`)
})
process.once('SIGINT', () => process.exit(0))
process.once('SIGTERM', () => process.exit(0))
