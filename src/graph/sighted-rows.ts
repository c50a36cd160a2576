import type { Evidence } from './actions.ts';
import { endId } from './batch.ts';
import type { ClaimEntity } from './fold.ts';
import { encodeDocument, encodePlace, type SightedValues, sightedValues } from './properties.ts';
import { BETWEEN_CLAIMS, BETWEEN_FIELDS, type CreateSighted } from './statements/write.ts';

const SEPARATOR = new RegExp(`[${BETWEEN_CLAIMS}${BETWEEN_FIELDS}]`);

/** Whether a crawler saw it, once, and nobody stated, retracted or measured anything: so are nearly all that are new. */
export function isOnlySighted({ key, state }: ClaimEntity): boolean {
  return (
    key.kind === 'USES' &&
    state.evidence.length === 1 &&
    state.stated === undefined &&
    state.retracted === undefined &&
    state.critical === undefined &&
    !SEPARATOR.test(endId(key.object))
  );
}

/**
 * What creates claims that are `isOnlySighted`, in few values, since the driver looks at each a dozen times before it is
 * sent (decision 29): what many claims share once a batch, what a page's claims share once a page, and of each claim only
 * its object, its place on the page, and the host.
 */
export function sightedRows(claims: readonly ClaimEntity[]): CreateSighted {
  const seen: SightedValues[] = [];
  const places = new Map<string, number>();
  const placeOf = ({ key, state }: ClaimEntity): number => {
    const name = `${key.source}\t${key.service}\t${state.firstSeen}\t${state.lastSeen}\t${state.sightedConfidence}`;
    let place = places.get(name);
    if (place === undefined) {
      place = seen.push(sightedValues(key, state)) - 1;
      places.set(name, place);
    }
    return place;
  };

  const rows: { readonly subject: string; readonly evidence: Evidence; readonly claims: string[] }[] = [];
  for (const claim of claims) {
    const subject = endId(claim.key.subject);
    const [evidence] = claim.state.evidence;
    if (evidence === undefined) throw new TypeError('A claim that was only sighted has its evidence.');
    let row = rows.at(-1);
    if (row?.subject !== subject || !isOfOneDocument(row.evidence, evidence)) {
      row = { subject, evidence, claims: [] };
      rows.push(row);
    }
    row.claims.push([endId(claim.key.object), placeOf(claim), encodePlace(evidence)].join(BETWEEN_FIELDS));
  }
  return {
    seen,
    rows: rows.map(({ subject, evidence, claims }) => [subject, encodeDocument(evidence), claims.join(BETWEEN_CLAIMS)]),
  };
}

const isOfOneDocument = (a: Evidence, b: Evidence): boolean =>
  a.document === b.document && a.observedAt === b.observedAt;
