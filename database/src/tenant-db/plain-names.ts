import { OperationNodeTransformer } from 'kysely'
import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  RawNode,
  SchemableIdentifierNode,
} from 'kysely'

/** A statement named a schema; a tenant's statement names tables, and its transaction says whose they are. */
export class QualifiedName extends Error {
  override readonly name = 'QualifiedName'

  constructor(qualified: string) {
    super(
      `Cannot send a statement that names "${qualified}": a tenant's tables are named without a schema, and "${qualified.split('.').at(-1) ?? ''}" is found in its own`,
    )
  }
}

class PlainNames extends OperationNodeTransformer {
  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    if (node.schema !== undefined) throw new QualifiedName(`${node.schema.name}.${node.identifier.name}`)
    return node
  }

  // `sql.id('a', 'b')` may be a table of a schema as well as a column of a table: what cannot be told is refused.
  protected override transformRaw(node: RawNode): RawNode {
    if (node.sqlFragments.length > 2 && node.sqlFragments.slice(1, -1).every((text) => text === '.')) {
      throw new QualifiedName(node.parameters.map(nameIn).join('.'))
    }
    return super.transformRaw(node)
  }
}

function nameIn(node: RawNode['parameters'][number]): string {
  return 'name' in node && typeof node.name === 'string' ? node.name : '?'
}

/**
 * Refuses every statement that names a schema before it is sent. It keeps honest code honest; what is written as text is
 * not looked into, and is stopped by the role that it runs as.
 */
export function plainNames(): KyselyPlugin {
  const transformer = new PlainNames()
  return {
    transformQuery: ({ node, queryId }: PluginTransformQueryArgs) => transformer.transformNode(node, queryId),
    transformResult: ({ result }: PluginTransformResultArgs) => Promise.resolve(result),
  }
}
