/**
 * Waits for both starts, so that a failure of one never leaves the other half way; then undoes the one that succeeded.
 * What has no `stop` was not started by us.
 */
export async function bothOrNone<A, B>(starts: readonly [Promise<A> | A, Promise<B> | B]): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled(starts);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  for (const one of [a, b]) if (one.status === 'fulfilled') await stopIfStarted(one.value);
  throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason;
}

async function stopIfStarted(value: unknown): Promise<void> {
  if (typeof value === 'object' && value !== null && 'stop' in value && typeof value.stop === 'function') await value.stop();
}
