import { readFile } from 'node:fs/promises'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

/** A value as YAML gives it. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

const plainSchema: z.ZodType<Plain> = z.json()

/** Reads a YAML file of one document and fills it. */
export async function filledFile(file: string, values: Readonly<Record<string, string>>): Promise<Plain> {
  return fillTemplate(plainSchema.parse(parse(await readFile(file, 'utf8'))), values)
}

/** Reads a YAML file of several documents and fills each. */
export async function filledDocuments(
  file: string,
  values: Readonly<Record<string, string>>,
): Promise<readonly object[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8'))
  return documents.map((document) => z.looseObject({}).parse(fillTemplate(plainSchema.parse(document.toJS()), values)))
}

/**
 * Fills `${NAME}` inside every text of a parsed document. Only texts are touched, so no value can change the shape of
 * the document; a text that is one placeholder alone and gets digits becomes a number. Throws on an unknown name.
 */
export function fillTemplate(value: Plain, values: Readonly<Record<string, string>>): Plain {
  if (typeof value === 'string') return fillText(value, values)
  if (isList(value)) return value.map((item) => fillTemplate(item, values))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillTemplate(item, values)]))
  }
  return value
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value)
}

function fillText(text: string, values: Readonly<Record<string, string>>): string | number {
  const filled = text.replaceAll(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`The template has a placeholder ${name} that nobody fills`)
    return value
  })
  return filled !== text && /^\d+$/.test(filled) ? Number(filled) : filled
}
