const CONTROL = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}]/gu;
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const HALF_CHARACTER = /\p{Cs}/gu;

/**
 * Free text as it may be kept: no control characters but line break and tab, nothing that turns the writing direction,
 * at most `longest` characters. Markup stays as it is: it is text, and whoever shows it must escape it.
 */
export function printableText(text: string, longest: number): string {
  const bounded = text.slice(0, longest);
  // A cut may leave half of a character behind, which no encoding can hold.
  return bounded.replace(CONTROL, '').replace(BIDIRECTIONAL, '').replace(HALF_CHARACTER, '\ufffd').trim();
}
