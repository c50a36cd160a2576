import { afterEach, describe, expect, it, vi } from 'vitest';
import { Turns } from '../../../src/exposure/turns.ts';
import { View } from '../../../src/exposure/view.ts';
import { createHub, VENDOR } from '../../support/hub-world.ts';

afterEach(() => vi.restoreAllMocks());

describe('turns', () => {
  it('are told by when they happen, each subject once', () => {
    const turns = new Turns();
    for (const [time, subject] of [
      [30, 1],
      [10, 2],
      [20, 1],
      [20, 1],
      [20, 3],
    ] as const)
      turns.add(time, subject);
    expect([turns.size, turns.nextAfter(10), turns.nextAfter(29), turns.nextAfter(30)]).toEqual([4, 20, 30, Infinity]);
    expect([...turns.between(10, 30)].sort()).toEqual([1, 3]);
    expect([...turns.between(5, 19)]).toEqual([2]);
  });

  it('are forgotten, the earliest first, when there are too many: but none that is to come, and it is known since when', () => {
    const turns = new Turns(100);
    for (let time = 1; time <= 1_000; time++) turns.add(time, time);
    turns.trim(950);
    expect([turns.size, turns.knows(899), turns.knows(900)]).toEqual([100, false, true]);
    turns.add(500, 1);
    expect(turns.size).toBe(100);
    for (let time = 1_001; time <= 1_400; time++) turns.add(time, time);
    turns.trim(950);
    expect([turns.size, turns.knows(950), turns.nextAfter(950)]).toEqual([450, true, 951]);
    turns.forgetUntil(1_300);
    expect([turns.size, turns.knows(1_299), turns.knows(1_300), turns.nextAfter(0)]).toEqual([100, false, true, 1_301]);
  });

  it('do not wait for a question: what is stated while nobody asks is judged once', async () => {
    const { state, use, totalOf, stateThat } = await createHub(1_000);
    await totalOf(VENDOR);
    for (let n = 0; n < 500; n++) await stateThat(use(`site${n}`, 'another', state.now));
    const judge = vi.spyOn(View.prototype, 'judge');
    expect(await totalOf('domain:another')).toBe(500);
    expect(judge.mock.calls.length).toBeLessThan(10);
  });
});
