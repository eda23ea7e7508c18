/** Does something about each, so many at the same time; the answers are in the order of what was given. */
export async function inTurn<T, R>(
  concurrency: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const answers: R[] = []
  const left = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, item] = next
      answers[index] = await work(item, index)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return answers
}
