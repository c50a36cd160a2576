import type { NameFault } from './domain-name.ts';

export type OrganizationName = { readonly key: string; readonly name: string } | { readonly refusal: NameFault };

const LONGEST_NAME = 200;
/** Terminal control sequences: what follows the escape character is part of the noise. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const TERMINAL_CODES = /\u001b\[[0-?]*[ -/]*[@-~]/g;
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+/gu;
/** Bidirectional marks, zero-width blanks, soft hyphens; the two joiners belong to the spelling of some languages. */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}/gu;

const LEI = /^lei:\s*([0-9a-z]{20})$/i;

const refused = (code: NameFault['code'], reason: string) => ({ refusal: { code, reason } });

/**
 * Folds case so that names compare equal whatever their case. Character by character, because lower-casing a whole
 * word gives a final sigma another form; by way of upper case, so that `ß` and `SS` agree, and of lower case before, so
 * that `ẞ` does too, which has no upper case but itself; the dotless `ı` stays itself.
 */
function foldCase(text: string): string {
  let folded = '';
  for (const character of text)
    folded += character === 'ı' ? character : character.toLowerCase().toUpperCase().toLowerCase();
  return folded.normalize('NFC');
}

/**
 * The key of an organization that `source` calls `label`, and its name in the source's spelling, made printable.
 * A Legal Entity Identifier (ISO 17442) stands for itself, whoever says it, and is no name.
 * @example organizationKey('partner', ' ACME  Payments Inc.') // { key: 'partner:acme payments inc.', name: 'ACME Payments Inc.' }
 * @example organizationKey('partner', 'lei:5493001kjtiigc8y1r12') // { key: 'lei:5493001KJTIIGC8Y1R12', name: '' }
 */
export function organizationKey(source: string, label: string): OrganizationName {
  // Bounded before anything else looks at it: a name of a megabyte is no name.
  if (label.length > 4 * LONGEST_NAME) return nameTooLong();
  const name = printableName(label);
  if (name === '') return refused('NAME_EMPTY', 'The name is empty.');
  if (/\p{Cs}/u.test(name)) return refused('CHARACTER_NOT_ALLOWED', 'The name holds half of a character.');
  if ([...name].length > LONGEST_NAME) return nameTooLong();
  if (!/[\p{L}\p{N}]/u.test(name)) return refused('NAME_WITHOUT_LETTER', 'The name has no letter or digit.');
  if (/^lei:/i.test(name)) {
    const lei = LEI.exec(name)?.[1];
    if (lei === undefined) return refused('INVALID_IDENTIFIER', 'An LEI has 20 letters and digits.');
    return { key: `lei:${lei.toUpperCase()}`, name: '' };
  }
  return { key: `${source}:${foldCase(name)}`, name };
}

/** A name without control characters and terminal codes; a break or a run of blanks becomes one blank. NFC. */
export function printableName(text: string): string {
  return text.replace(TERMINAL_CODES, '').replace(INVISIBLE, '').replace(BREAKS, ' ').trim().normalize('NFC');
}

function nameTooLong(): { readonly refusal: NameFault } {
  return refused('NAME_TOO_LONG', `The name is too long: more than ${LONGEST_NAME} characters.`);
}

/**
 * A name's letters and digits only, case-folded: two organizations with the same one are worth proposing as a merge.
 * @example matchName('Acme Payments, Inc.') === matchName('ACME PAYMENTS INC')
 */
export function matchName(name: string): string {
  return foldCase(name.normalize('NFC')).replace(/[^\p{L}\p{N}]/gu, '');
}
