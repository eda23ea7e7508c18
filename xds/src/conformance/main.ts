// `make conformance`: serves what an independent protocol suite asks for, until it is stopped. Not part of the product.
import { startConformance } from './start.ts'

const running = await startConformance({
  host: '127.0.0.1',
  adapterPort: 17000,
  xdsPort: 18000,
  onFault: (fault) => console.error(fault),
})
console.log(`adapter on 127.0.0.1:${running.adapterPort}, xDS on 127.0.0.1:${running.xdsPort}, both in plain text`)
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void running.close())
