const decimal = /^[1-9][0-9]*$/

/**
 * Whether `version` is certainly older than `than`. Resource versions of one kind on one API server may be compared as
 * decimal numbers of any length (part of the API contract since Kubernetes 1.35; before that it held for everything
 * that etcd stores). Whatever is not such a number cannot be ordered, and nothing is certain about it.
 */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false
  if (!decimal.test(version) || !decimal.test(than)) return false
  // Without leading zeros, the longer number is the larger one: no conversion, so no loss of digits.
  return version.length === than.length ? version < than : version.length < than.length
}
