import { integer } from '../graph/driver.ts';
import { decodeEvidence } from '../graph/properties.ts';
import {
  type ClaimRow,
  claimsBehind,
  claimsByKey,
  claimsOfObjects,
  claimsOfSubjects,
} from '../graph/statements/claim.ts';
import type { Service } from '../identity/service.ts';
import type { QueryContext } from './context.ts';
import { cursorKey, emptyPage, instantOf, toPage } from './page.ts';
import { fromReference, toEnd, toReference } from './reference.ts';
import type { Claim, Cursor, ExposureQueries, Page, PageRequest } from './types.ts';

export function createClaimQueries({
  reader,
  judge,
}: QueryContext): Pick<ExposureQueries, 'claims' | 'claimsOf' | 'claimsBehind'> {
  return {
    async claims(keys, at) {
      const claims = keys.map(({ source, subject, service, object }) => ({
        source,
        service,
        subject: toEnd(subject),
        object: fromReference(object),
      }));
      const rows = await reader.read(claimsByKey, { ...judge(at), claims });
      const found = new Map(rows.map(({ place, claim }) => [place, toClaim(claim)]));
      return keys.map((_, place) => found.get(place));
    },

    async claimsOf(ends, { direction, service, includePast }, page) {
      const rows = await reader.read(direction === 'uses' ? claimsOfSubjects : claimsOfObjects, {
        ...judge(instantOf(page)),
        ends: ends.map(toEnd),
        service: service ?? null,
        includePast: includePast ?? false,
        ...keyset(page),
      });
      const found = new Map(rows.map(({ place, claims }) => [place, claims]));
      return ends.map((_, place) => toClaims(found.get(place), page));
    },

    async claimsBehind(pairs, page) {
      const rows = await reader.read(claimsBehind, {
        ...judge(instantOf(page)),
        pairs: pairs.map(({ dependent, vendor }) => ({ dependent, vendor })),
        ...keyset(page),
      });
      const id = (dependent: string, vendor: string) => JSON.stringify([dependent, vendor]);
      const found = new Map(rows.map(({ dependent, vendor, claims }) => [id(dependent, vendor), claims]));
      return pairs.map(({ dependent, vendor }) => toClaims(found.get(id(dependent, vendor)), page));
    },
  };
}

function keyset(page: PageRequest) {
  const after = cursorKey(page, 'string', 'string', 'string', 'string') ?? null;
  return { after, limit: integer(page.first + 1) };
}

const positionOf = (row: ClaimRow): Cursor['key'] => [row.service, row.subject, row.object, row.source];

function toClaims(rows: readonly ClaimRow[] | undefined, page: PageRequest): Page<Claim> {
  return rows === undefined ? emptyPage : toPage(rows, page, toClaim, positionOf);
}

function toClaim(row: ClaimRow): Claim {
  return {
    source: row.source,
    subject: toReference(row.subject),
    service: row.service as Service,
    object: toReference(row.object),
    stated: row.stated,
    confidence: row.weight,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
    retractedAt: row.retractedAt ?? undefined,
    measuredCritical: row.critical ?? undefined,
    stale: row.fresh === 0,
    inForce: row.inForce,
    evidence: (row.evidence ?? []).map(decodeEvidence),
  };
}
