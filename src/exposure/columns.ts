/** Typed arrays that grow, since the graph does. */

export type Column = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** The column itself where it has room for `length` values, else a longer copy; new places hold 0. */
export function grown<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column;
  // Half as much again: what is copied stays a small multiple of what is there.
  const Type = column.constructor as new (size: number) => T;
  const longer = new Type(Math.max(length, Math.ceil(column.length * 1.5), 64));
  longer.set(column);
  return longer;
}

/** The column's first `length` values, where they lie. */
export function trimmed<T extends Column>(column: T, length: number): T {
  return column.subarray(0, length) as T;
}

/** `values[order[i]]` at `i`. */
export function permuted<T extends Column>(values: T, order: Int32Array): T {
  const Type = values.constructor as new (size: number) => T;
  const result = new Type(order.length);
  for (let i = 0; i < order.length; i++) result[i] = values[order[i] as number] as number;
  return result;
}
