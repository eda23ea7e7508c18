// The service by which an independent suite says what our server is to serve.
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import type { handleUnaryCall, MethodDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { listen } from '../serve/index.ts'
import type { ChangeKind, States } from './states.ts'

const SCHEMA = `
  syntax = "proto3";
  package adapter;
  message Any { string type_url = 1; bytes value = 2; }
  message Named { string name = 1; }
  message SetStateRequest { string node = 1; string version = 2; repeated Any resources = 3; }
  message ClearStateRequest { string node = 1; }
  message ResourceRequest { string node = 1; string typeUrl = 2; string resourceName = 3; string version = 4; }
  message Success { bool success = 1; }
  message Cleared { string response = 1; }
`
const { root } = protobuf.parse(SCHEMA, { keepCase: true })
// Suites subscribe and change at once: the change must not overtake the subscription.
const CHANGE_DELAY_MS = 100

type Message = Readonly<Record<string, unknown>>
type Work = (request: Message) => Message

/** A running adapter. */
export interface Adapter {
  readonly port: number
  close(): void
}

/** Starts the adapter, in plain text. */
export async function startAdapter(states: States, address: string): Promise<Adapter> {
  const server = new Server()
  const timers = new Set<NodeJS.Timeout>()
  const later = (work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, CHANGE_DELAY_MS)
    timers.add(timer)
  }
  for (const [name, method] of Object.entries(methodsOf(states, later))) {
    server.addService({ [name]: definitionOf(name, method) }, { [name]: answering(method.work) })
  }
  const port = await listen(server, address, ServerCredentials.createInsecure())
  return {
    port,
    close: () => {
      for (const timer of timers) clearTimeout(timer)
      server.forceShutdown()
    },
  }
}

interface Method {
  readonly request: string
  readonly response: string
  readonly work: Work
}

function methodsOf(states: States, later: (work: () => void) => void): Readonly<Record<string, Method>> {
  const changing = (kind: ChangeKind): Method => ({
    request: 'ResourceRequest',
    response: 'Success',
    work: (request) => {
      const [node, typeUrl, name, version] = ['node', 'typeUrl', 'resourceName', 'version'].map((key) =>
        textOf(request, key),
      )
      later(() => states.change(node ?? '', kind, { typeUrl: typeUrl ?? '', name: name ?? '', version: version ?? '' }))
      return { success: true }
    },
  })
  return {
    SetState: {
      request: 'SetStateRequest',
      response: 'Success',
      work: (request) => ({
        success: states.set(textOf(request, 'node'), textOf(request, 'version'), namesIn(request)),
      }),
    },
    ClearState: {
      request: 'ClearStateRequest',
      response: 'Cleared',
      work: (request) => {
        states.clear(textOf(request, 'node'))
        return { response: 'cleared' }
      },
    },
    UpdateResource: changing('update'),
    AddResource: changing('add'),
    RemoveResource: changing('remove'),
  }
}

function definitionOf(name: string, { request, response }: Method): MethodDefinition<Message, Message> {
  const [asked, answer] = [root.lookupType(`adapter.${request}`), root.lookupType(`adapter.${response}`)]
  return {
    path: `/adapter.Adapter/${name}`,
    ...{ requestStream: false, responseStream: false },
    requestSerialize: (message) => Buffer.from(asked.encode(message).finish()),
    requestDeserialize: (bytes) => asked.toObject(asked.decode(bytes)),
    responseSerialize: (message) => Buffer.from(answer.encode(message).finish()),
    responseDeserialize: (bytes) => answer.toObject(answer.decode(bytes)),
  }
}

function answering(work: Work): handleUnaryCall<Message, Message> {
  return ({ request }, answer) => {
    try {
      answer(null, work(request))
    } catch (fault) {
      answer({ code: status.INVALID_ARGUMENT, details: `Cannot do that: ${String(fault)}` })
    }
  }
}

function textOf(message: Message, key: string): string {
  const value = message[key]
  return typeof value === 'string' ? value : ''
}

// Of every resource only the name is set, which is field 1 of each type that can be set.
function namesIn({ resources }: Message): readonly { readonly typeUrl: string; readonly name: string }[] {
  const named = root.lookupType('adapter.Named')
  const list: readonly unknown[] = Array.isArray(resources) ? resources : []
  return list.map((any) => {
    const { type_url: typeUrl, value } = any as { type_url?: string; value?: Uint8Array }
    return { typeUrl: typeUrl ?? '', name: textOf(named.toObject(named.decode(value ?? new Uint8Array())), 'name') }
  })
}
