/** What was used last, by name. */
export interface Recent<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
  clear(): void;
}

/**
 * Remembers at most `max` values, and at least the half of it that was used last: two generations, the older of which is
 * dropped when the younger is full. A list in exact order of use costs four times as much for each value.
 */
export function createRecent<V>(max: number): Recent<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (name: string, value: V): void => {
    if (young.size >= max / 2) {
      old = young;
      young = new Map();
    }
    young.set(name, value);
  };
  return {
    get(name) {
      const held = young.get(name);
      if (held !== undefined) {
        return held;
      }
      const older = old.get(name);
      if (older !== undefined) {
        set(name, older);
      }
      return older;
    },
    set,
    clear() {
      young = new Map();
      old = new Map();
    },
  };
}
