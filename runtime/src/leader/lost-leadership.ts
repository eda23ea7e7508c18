/** A write that was refused, because another process may lead by now. */
export class LostLeadership extends Error {
  override readonly name = 'LostLeadership'

  constructor(doing: string, why: string) {
    super(`Cannot ${doing}: ${why}`)
  }
}
