// Cuts Envoy's descriptor set down to the messages that we use, and writes their TypeScript types (`make generate`).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import descriptor from 'protobufjs/ext/descriptor.js'
import type { IFileDescriptorSet } from 'protobufjs/ext/descriptor.js'
import { ROOT_MESSAGES } from '@bulkhead/envoy/types-list'
import { prunedBytes, reachableFrom } from './envoy/prune.ts'
import { typesText } from './envoy/typescript.ts'

const root = new URL('..', import.meta.url)
const source = process.argv[2] ?? new URL('.tools/share/envoy-descriptors.binpb', root)
const target = new URL('envoy/gen/', root)

const decoded = descriptor.FileDescriptorSet.decode(readFileSync(source))
const set = descriptor.FileDescriptorSet.toObject(decoded, { defaults: false, arrays: false }) as IFileDescriptorSet
const kept = reachableFrom(ROOT_MESSAGES, set)
// Node's gzip writes no time and always the same operating system byte, so the same input gives the same file.
const zipped = gzipSync(prunedBytes(set, kept), { level: 9 })

mkdirSync(target, { recursive: true })
writeFileSync(new URL('descriptors.binpb.gz', target), zipped)
writeFileSync(new URL('types.ts', target), typesText(kept))
console.log(`envoy/gen: ${kept.size} messages and enums, ${zipped.length} bytes of descriptors`)
