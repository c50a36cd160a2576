const SURROGATE = /[\ud800-\udfff]/;

/**
 * Order of texts by code point, which is the database's for texts that it has stored, such as keys; JavaScript compares
 * code units, and the two differ only where a character beyond U+FFFF meets one above U+DFFF.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Order of texts by code unit, which is the database's for texts that it has worked out, such as names in lower case. */
export const compareWorkedOut = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether `compareText` is more than a comparison of code units for this text. */
export const needsCodePoints = (text: string): boolean => SURROGATE.test(text);
