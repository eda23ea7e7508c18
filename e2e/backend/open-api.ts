const order = {
  type: 'object',
  required: ['id', 'item', 'quantity'],
  properties: { id: { type: 'string' }, item: { type: 'string' }, quantity: { type: 'integer', minimum: 1 } },
} as const

const json = (schema: object) => ({ 'application/json': { schema } })
const answer = (description: string, schema: object) => ({ description, content: json(schema) })

/** The backend's description of itself, OpenAPI 3.1. */
export function openApi(name: string): object {
  return {
    openapi: '3.1.0',
    info: { title: `Orders of ${name}`, version: '1.0.0' },
    paths: {
      '/orders': {
        get: { operationId: 'listOrders', responses: { 200: answer('All orders', { type: 'array', items: order }) } },
        post: {
          operationId: 'createOrder',
          requestBody: { required: true, content: json({ ...order, required: ['item', 'quantity'] }) },
          responses: { 201: answer('The order as created', order), 400: { description: 'Not an order' } },
        },
      },
      '/orders/{id}': {
        get: {
          operationId: 'getOrder',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 200: answer('The order', order), 404: { description: 'No such order' } },
        },
      },
    },
  }
}
