import { z } from 'zod';
import type { ClaimEvidence, Page } from '../../queries/types.ts';
import { page, pageRequest, parse } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { Resolvers } from '../context.ts';
import { idOfClaim, idOfReference } from '../ids.ts';
import { type ClaimNode, loadReference } from '../nodes.ts';
import { sourceOf } from './source.ts';

const evidenceArguments = z.object(page(5));

const claim: Resolvers<ClaimNode> = {
  id: idOfClaim,
  subject: ({ subject }, _, context) => loadReference(subject, context),
  object: ({ object }, _, context) => loadReference(object, context),
  subjectId: ({ subject }) => idOfReference(subject),
  objectId: ({ object }) => idOfReference(object),
  source: ({ source }, _, context) => sourceOf(source, context),
  confidence: ({ stated }) => stated,
  weight: ({ confidence }) => confidence,
  evidence: ({ evidence }, args, { now }) => {
    const request = pageRequest('evidence', parse(evidenceArguments, args), now);
    return toConnection('evidence', pageOfEvidence(evidence, request), request, (e) => e);
  },
};

/** The few pieces come with their claim; a page of them is a slice. */
function pageOfEvidence(
  all: readonly ClaimEvidence[],
  { first, after, at }: ReturnType<typeof pageRequest>,
): Page<ClaimEvidence> {
  const begin = after === undefined ? 0 : Number(after.key[0]) + 1;
  const edges = all.slice(begin, begin + first).map((node, i) => ({ cursor: { at, key: [begin + i] }, node }));
  return { edges, hasNextPage: begin + first < all.length };
}

const evidence: Resolvers<ClaimEvidence> = {
  host: ({ host }) => host || null,
};

export const claimResolvers = {
  Claim: claim,
  Evidence: evidence,
  ...connectionResolvers('Claim'),
  ...connectionResolvers('Evidence'),
};
