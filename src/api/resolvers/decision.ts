import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { Reference } from '../../graph/actions.ts';
import { SERVICES, type Service } from '../../identity/service.ts';
import type { Decision, DecisionKey } from '../../queries/decision.ts';
import { toReference } from '../../queries/reference.ts';
import { requireRole } from '../access.ts';
import { page, pageRequest, parse } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { decodeId, idOfDecision, organizationKeyOf } from '../ids.ts';
import { type DecisionNode, decisionNode, loadReference, organizationNode } from '../nodes.ts';

const MOST_AT_ONCE = 100;

const pageArguments = z.object(page(50));
const reason = z.string().trim().min(1, 'must not be blank').max(1000, 'must be at most 1000 characters');
const useArguments = z.object({ subject: z.string(), service: z.enum(SERVICES), object: z.string(), reason });
const mergeArguments = z.object({ a: z.string(), b: z.string(), reason });
const withdrawArguments = z.object({
  ids: z.array(z.string()).min(1, 'must not be empty').max(MOST_AT_ONCE, `must be at most ${MOST_AT_ONCE}`),
  reason,
});

/** @throws AppError FORBIDDEN for a viewer without the role */
const byAnalyst =
  (answer: (args: Record<string, unknown>, context: ApiContext) => Promise<unknown>): Resolvers<unknown>[string] =>
  async (_, args, context) => {
    requireRole(context.viewer, 'analyst');
    context.outcome.isUnversioned = true;
    return answer(args, context);
  };

export const decisionQueries: Resolvers<unknown> = {
  decisions: byAnalyst(async (args, { decisions, now }) => {
    const request = pageRequest('decisions', parse(pageArguments, args), now);
    return toConnection('decisions', await decisions.decisions(request), request, decisionNode);
  }),
};

export const decisionMutations: Resolvers<unknown> = {
  confirmDependency: byAnalyst((args, context) => decideOnUse('CONFIRMED', args, context)),
  dismissDependency: byAnalyst((args, context) => decideOnUse('DISMISSED', args, context)),
  mergeOrganizations: byAnalyst(async (args, context) => {
    const { a, b, reason } = parse(mergeArguments, args);
    const [one, other] = [organizationReference('a', a), organizationReference('b', b)];
    await requireKnown({ a: one, b: other }, context);
    if (a === b) throw new AppError('BAD_ARGUMENT', 'a and b are the same.');
    const keys = context.corrections.mergeOf(one, other);
    const held = await context.decisions.decisionsByKey(keys);
    for (const [i, key] of keys.entries()) await decide(key, held[i], reason, context);
    const organization = await standsFor(one, context);
    return { organization: organizationNode(organization), decisions: await read(keys, context) };
  }),
  withdrawDecisions: byAnalyst(async (args, context) => {
    const { ids, reason } = parse(withdrawArguments, args);
    const keys = ids.map(decisionKeyOf);
    const found = await context.decisions.decisionsByKey(keys);
    for (const [i, decision] of found.entries()) {
      if (decision === undefined) throw new AppError('NOT_FOUND', `ids[${i}]: nothing was decided so.`);
      if (!decision.inForce) throw new AppError('NOT_FOUND', `ids[${i}]: it is withdrawn already.`);
    }
    for (const decision of found) if (decision !== undefined) await withdraw(decision, reason, context);
    return read(keys, context);
  }),
};

/** The newest decision on a use counts: one that says the opposite is taken back with it. */
async function decideOnUse(kind: 'CONFIRMED' | 'DISMISSED', args: unknown, context: ApiContext) {
  const { service, reason, ...given } = parse(useArguments, args);
  const subject = reference('subject', given.subject);
  const object = reference('object', given.object);
  await requireKnown({ subject, object }, context);
  if (given.subject === given.object) throw new AppError('BAD_ARGUMENT', 'subject and object are the same.');
  const key: DecisionKey = { kind, subject, service, object };
  if (kind === 'DISMISSED' && !(await context.decisions.isClaimed(key)))
    throw new AppError('NOT_FOUND', 'Nobody claims that of just these two: a claim tells its subjectId and objectId.');
  const opposed: DecisionKey = { ...key, kind: kind === 'CONFIRMED' ? 'DISMISSED' : 'CONFIRMED' };
  const [held, opposite] = await context.decisions.decisionsByKey([key, opposed]);
  if (opposite?.inForce) await withdraw(opposite, reason, context);
  await decide(key, held, reason, context);
  const [made] = await read([key], context);
  return made;
}

/** `held`: what was decided of the same before. */
function decide(
  key: DecisionKey,
  held: Decision | undefined,
  reason: string,
  { corrections, viewer }: ApiContext,
): Promise<void> {
  return corrections.submit(key, { author: viewer.name, reason, time: timeAfter(held) }, false);
}

function withdraw(decision: Decision, reason: string, { corrections, viewer }: ApiContext): Promise<void> {
  const { kind, subject, service, object } = decision;
  const by = { author: viewer.name, reason, time: timeAfter(decision) };
  return corrections.submit({ kind, subject, service, object }, by, true);
}

/** Later than what is there, whatever the clocks of several APIs say: the later counts. */
const timeAfter = (held: Decision | undefined): number =>
  Math.max(Date.now(), (held?.decidedAt ?? 0) + 1, (held?.withdrawal?.withdrawnAt ?? 0) + 1);

/** @throws AppError INTERNAL where what was just written is not there */
async function read(keys: readonly DecisionKey[], { decisions }: ApiContext): Promise<DecisionNode[]> {
  return (await decisions.decisionsByKey(keys)).map((found) => {
    if (found === undefined) throw new AppError('INTERNAL', 'A decision that was made is not there.');
    return decisionNode(found);
  });
}

/** @throws AppError BAD_ID where it is neither that of a Domain nor that of an Organization */
function reference(argument: string, id: string): Reference {
  const decoded = decodeId(id);
  if (decoded.type === 'Domain') return { kind: 'domain', name: decoded.name };
  if (decoded.type === 'Organization') return toReference(decoded.key);
  throw new AppError(
    'BAD_ID',
    `${argument}: the id is that of a ${decoded.type}, a Domain's or Organization's is needed.`,
  );
}

const organizationReference = (argument: string, id: string): Reference => toReference(organizationKeyOf(argument, id));

/** @throws AppError NOT_FOUND for what is none of what everybody knows; the message names the argument */
async function requireKnown(ends: Readonly<Record<string, Reference>>, { decisions }: ApiContext): Promise<void> {
  const known = await decisions.areKnown(Object.values(ends));
  const unknown = Object.keys(ends).find((_, place) => known[place] !== true);
  if (unknown !== undefined) throw new AppError('NOT_FOUND', `${unknown}: the graph knows nothing of this.`);
}

/** Asked anew: what the loaders have found is from before. */
async function standsFor(end: Reference, { queries }: ApiContext) {
  const key = end.kind === 'domain' ? end.name : end.key;
  const found = await (end.kind === 'domain' ? queries.ownersOf([key]) : queries.organizations([key]));
  const organization = found.get(key);
  if (organization === undefined) throw new AppError('INTERNAL', 'An organization that was merged is not there.');
  return organization;
}

function decisionKeyOf(id: string, place: number): DecisionKey {
  const decoded = decodeId(id);
  if (decoded.type === 'Decision') return decoded.key;
  throw new AppError('BAD_ID', `ids[${place}]: the id is that of a ${decoded.type}, a Decision's is needed.`);
}

const decision: Resolvers<DecisionNode> = {
  id: idOfDecision,
  service: ({ service }): Service | null => service ?? null,
  subject: ({ subject }, _, context) => loadReference(subject, context),
  object: ({ object }, _, context) => loadReference(object, context),
};

export const decisionResolvers = { Decision: decision, ...connectionResolvers('Decision') };
