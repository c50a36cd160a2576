export interface Saver {
  /** Saves when those before are done. */
  save(): Promise<void>;
  /** Resolves when nothing is being saved, however it ended. */
  idle(): Promise<void>;
}

/** Saves one at a time: two that write the same file at once spoil it. */
export function createSaver(saveNow: () => Promise<void>): Saver {
  let last = Promise.resolve();
  const idle = () => last.catch(() => undefined);
  return {
    idle,
    save() {
      last = idle().then(saveNow);
      return last;
    },
  };
}
