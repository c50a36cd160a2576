/** A computation that gives way at each `yield`, so that no long one keeps a short one waiting. */
export type Work<T> = Generator<void, T, void>;

/** What is looked at between two looks at the clock: about a millisecond of work. */
export const STRIDE = 1 << 15;
