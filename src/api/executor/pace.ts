import { setImmediate as othersTurn } from 'node:timers/promises';

/** How long an execution goes on before others have their turn, in ms. */
const TURN_MS = 2;

/** Turns of one execution: a long answer is put together bit by bit, and others are answered in between. */
export interface Pace {
  /** Whether it has gone on for as long as it may. */
  isOver(): boolean;
  /** Resolves when it goes on. Many parts of an answer may rest at once: they go on one after the other. */
  rest(): Promise<void>;
}

export function createPace(turn = TURN_MS): Pace {
  const resting: (() => void)[] = [];
  let begun = performance.now();
  const isOver = (): boolean => performance.now() - begun > turn;

  async function wakeInTurns(): Promise<void> {
    for (;;) {
      await othersTurn();
      begun = performance.now();
      do {
        const wake = resting.shift();
        if (wake === undefined) return;
        wake();
        // What was woken goes on until it ends, waits, or rests again.
        await undefined;
      } while (!isOver());
    }
  }

  return {
    isOver,
    rest: () =>
      new Promise((resolve) => {
        resting.push(resolve);
        if (resting.length === 1) void wakeInTurns();
      }),
  };
}
