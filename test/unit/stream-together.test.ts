import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { isServerAway } from '../../src/main/unwritable.ts';
import type { StreamSlice } from '../../src/stream/slices.ts';
import { handleTogether } from '../../src/stream/together.ts';

const slice = (partition: number, messages = 1, bytes = 1): StreamSlice => ({
  topic: 'events',
  partition,
  from: 0,
  next: messages,
  records: Array.from({ length: messages }, (_, offset) => ({
    ...{ offset, timestamp: 0, key: null, value: Buffer.alloc(bytes), headers: {} },
  })),
});

const wanted = new AbortController().signal;
const OPTIONS = { isOfAll: isServerAway };

/** Handles slices as `fail` lets it, and notes which partitions came together and how many groups ran side by side. */
function recorder(fail: (partitions: number[]) => Error | undefined = () => undefined) {
  const groups: number[][] = [];
  const at = { once: 0, mostAtOnce: 0 };
  const handle = async (slices: readonly StreamSlice[]): Promise<void> => {
    const partitions = slices.map(({ partition }) => partition);
    groups.push(partitions);
    at.mostAtOnce = Math.max(at.mostAtOnce, ++at.once);
    await new Promise((resolve) => setTimeout(resolve, 5));
    at.once--;
    const error = fail(partitions);
    if (error !== undefined) throw error;
  };
  return { groups, at, handle };
}

describe('slices that wait at the same time', () => {
  test('are handled together, and what comes meanwhile is together after them', async () => {
    const { groups, handle } = recorder();
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const first = [1, 2, 3].map((partition) => one(slice(partition), wanted));
    await new Promise((resolve) => setTimeout(resolve, 2));
    await Promise.all([...first, one(slice(4), wanted), one(slice(5), wanted)]);
    expect(groups).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('are no more together than one transaction takes, in messages and in bytes', async () => {
    const { groups, handle } = recorder();
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const large = [slice(1, 3_000), slice(2, 2_000), slice(3), slice(4, 6_000), slice(5, 1, 2 ** 24), slice(6)];
    await Promise.all(large.map((each) => one(each, wanted)));
    expect(groups).toEqual([[1, 2], [3], [4], [5], [6]]);
  });

  test('are as many groups side by side as are allowed', async () => {
    const { groups, at, handle } = recorder();
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 2 });
    await Promise.all([1, 2, 3, 4].map((partition) => one(slice(partition, 5_000), wanted)));
    expect(groups).toHaveLength(4);
    expect(at.mostAtOnce).toBe(2);
  });

  test('do not suffer for one of them', async () => {
    const bad = (partitions: number[]) => (partitions.includes(2) ? new AppError('FENCED', 'not yours') : undefined);
    const { groups, handle } = recorder(bad);
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const results = await Promise.allSettled([1, 2, 3].map((partition) => one(slice(partition), wanted)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'FENCED' } });
    expect(groups).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  test('are not tried one by one while a server is away', async () => {
    const { groups, handle } = recorder(() => new AppError('DATABASE_UNAVAILABLE', 'away'));
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const results = await Promise.allSettled([1, 2].map((partition) => one(slice(partition), wanted)));
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'DATABASE_UNAVAILABLE' } });
    expect(groups).toEqual([[1, 2]]);
    // The next ones are tried as ever.
    await expect(one(slice(3), wanted)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(groups).toHaveLength(2);
  });

  test('are tried one by one where there is too much for the memory of a server, which says so as if it were away', async () => {
    const memory = { code: 'Neo.TransientError.General.MemoryPoolOutOfMemoryError' };
    const { groups, handle } = recorder((partitions) =>
      partitions.length > 1 ? new AppError('DATABASE_UNAVAILABLE', 'too much', memory) : undefined,
    );
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    await Promise.all([1, 2].map((partition) => one(slice(partition), wanted)));
    expect(groups).toEqual([[1, 2], [1], [2]]);
  });

  test('are no longer tried one by one when a server goes away meanwhile, or nobody waits', async () => {
    const stopping = new AbortController();
    const { groups, handle } = recorder((partitions) => {
      if (partitions.length > 1) return new AppError('FENCED', 'one of them');
      if (partitions.includes(2)) stopping.abort();
      return partitions.includes(4) ? new AppError('DATABASE_UNAVAILABLE', 'away') : undefined;
    });
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const signals = [wanted, wanted, stopping.signal, wanted, wanted];
    const results = await Promise.allSettled(signals.map((signal, i) => one(slice(i + 1), signal)));
    expect(groups).toEqual([[1, 2, 3, 4, 5], [1], [2], [4]]);
    const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'done'));
    expect(codes).toEqual(['done', 'done', 'CANCELLED', 'DATABASE_UNAVAILABLE', 'DATABASE_UNAVAILABLE']);
  });

  test('are left alone once nobody waits for them', async () => {
    const { groups, handle } = recorder();
    const one = handleTogether(handle, { ...OPTIONS, atOnce: 1 });
    const stopping = new AbortController();
    const [running, unwanted] = [one(slice(1, 5_000), wanted), one(slice(2), stopping.signal)];
    stopping.abort();
    await expect(unwanted).rejects.toMatchObject({ code: 'CANCELLED', retryable: true });
    await running;
    expect(groups).toEqual([[1]]);
  });
});
