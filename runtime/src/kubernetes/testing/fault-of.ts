/** Whether a call failed, and with a fault that the predicate recognises. */
export function failsWith(call: Promise<unknown>, is: (error: unknown) => boolean): Promise<boolean> {
  return call.then(
    () => false,
    (error: unknown) => is(error),
  )
}
