/**
 * The URIs in a certificate's subject alternative names, as Node prints them: `DNS:a, URI:spiffe://b/c`. Node quotes a
 * name that holds a comma or a quote, so that one name cannot pose as two; such names are not URIs of ours and are left out.
 */
export function urisOfCertificate(subjectAltName: string | undefined): readonly string[] {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return []
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length))
}
