import { tenantId } from '@bulkhead/tenancy'
import { commentOf } from '../see.ts'

const prefix = commentOf('')

/** The uid in the comment of a role or of a schema of ours. */
export function ownerIn(comment: string | null): string | undefined {
  return comment?.startsWith(prefix) === true ? comment.slice(prefix.length) : undefined
}

/** Whether a uid is that of the tenant with this id; the id derives from it. */
export function isUidOf(uid: string | undefined, id: string): boolean {
  return uid !== undefined && tenantId(uid) === id
}
