import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { PortfolioChange, Reference } from '../../graph/actions.ts';
import type { Portfolio, PortfolioName } from '../../queries/portfolio.ts';
import { toReference } from '../../queries/reference.ts';
import { domainName, parse } from '../arguments.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { idOfPortfolio, organizationKeyOf } from '../ids.ts';
import { findPortfolio, portfolioNode } from '../nodes.ts';
import { requirePortfolio } from './portfolio.ts';

/** What one call may follow by lists; a CSV text may hold more. */
const MOST_AT_ONCE = 1000;
/** What one portfolio may follow. */
const MOST_FOLLOWED = 50_000;
/** Refused lines that a report lists; it counts them all. */
const MOST_LISTED = 10_000;

const name = z.string().trim().min(1, 'must not be blank').max(200, 'must be at most 200 characters');
const alertDepth = z.number().int().min(1, 'must be 1 to 4').max(4, 'must be 1 to 4');
const key = z.string().min(1, 'must not be empty').max(200, 'must be at most 200 characters').nullish();
const list = z.array(z.string()).max(MOST_AT_ONCE, `must be at most ${MOST_AT_ONCE}`).nullish();
const createArguments = z.object({ name, alertDepth, key });
const renameArguments = z.object({ name });
const depthArguments = z.object({ alertDepth });
const followArguments = z.object({ domains: list, organizations: list });
const importArguments = z.object({ csv: z.string() });

type Mutate = (args: Record<string, unknown>, context: ApiContext) => Promise<unknown>;

/** @throws AppError FORBIDDEN for a viewer without the role */
const byCustomer =
  (mutate: Mutate): Resolvers<unknown>[string] =>
  async (_, args, context) => {
    if (!context.viewer.roles.has('customer')) throw new AppError('FORBIDDEN', 'Only customers change portfolios.');
    return mutate(args, context);
  };

/** Who asks to create one with a key that was used has it already: asking again makes no second one. */
export const portfolioMutations: Resolvers<unknown> = {
  createPortfolio: byCustomer(async (args, context) => {
    const { key, ...given } = parse(createArguments, args);
    const { tenant } = context.viewer;
    const id = typeof key === 'string' ? idOfKey(tenant, key) : randomUUID();
    const existing = await findPortfolio(id, context);
    if (existing !== undefined) return portfolioNode(existing);
    return change({ tenant, id }, { kind: 'created', ...given }, Date.now(), context);
  }),
  renamePortfolio: byCustomer(async (args, context) => {
    const { name } = parse(renameArguments, args);
    return changeOf(await portfolioOf('id', args, context), { kind: 'renamed', name }, context);
  }),
  setAlertDepth: byCustomer(async (args, context) => {
    const { alertDepth } = parse(depthArguments, args);
    return changeOf(await portfolioOf('id', args, context), { kind: 'alert-depth-set', alertDepth }, context);
  }),
  deletePortfolio: byCustomer(async (args, context) => {
    const portfolio = await portfolioOf('id', args, context);
    await context.portfolioChanges.submit(portfolio, { kind: 'deleted' }, nextTime(portfolio));
    return idOfPortfolio(portfolio.id);
  }),
  follow: byCustomer(async (args, context) => {
    const references = referencesOf(args);
    const portfolio = await portfolioOf('portfolio', args, context);
    await requireRoom(portfolio, references.length, context);
    return changeOf(portfolio, { kind: 'followed', references }, context);
  }),
  unfollow: byCustomer(async (args, context) => {
    const references = referencesOf(args);
    return changeOf(await portfolioOf('portfolio', args, context), { kind: 'unfollowed', references }, context);
  }),
  importPortfolio: byCustomer(async (args, context) => {
    const { domains, refused, ...counts } = context.portfolioChanges.readDomains(parse(importArguments, args).csv);
    const portfolio = await portfolioOf('portfolio', args, context);
    await requireRoom(portfolio, domains.length, context);
    const references = domains.map((name): Reference => ({ kind: 'domain', name }));
    const imported =
      references.length === 0
        ? portfolioNode(portfolio)
        : await changeOf(portfolio, { kind: 'followed', references }, context);
    const report = { refused: refused.slice(0, MOST_LISTED), refusedTotal: refused.length };
    return { portfolio: imported, domains: domains.length, ...counts, ...report };
  }),
};

function idOfKey(tenant: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, key]))
    .digest('base64url')
    .slice(0, 32);
}

function portfolioOf(argument: string, args: Record<string, unknown>, context: ApiContext): Promise<Portfolio> {
  return requirePortfolio(argument, String(args[argument]), context);
}

/** Later than all that was said of it, also where another machine's clock is ahead: what is said last counts. */
function nextTime({ changedAt }: Portfolio): number {
  return Math.max(Date.now(), changedAt + 1);
}

const changeOf = (portfolio: Portfolio, said: PortfolioChange, context: ApiContext) =>
  change(portfolio, said, nextTime(portfolio), context);

/** Submits the change and gives the portfolio as it is then. @throws AppError NOT_FOUND where it was deleted meanwhile */
async function change(name: PortfolioName, said: PortfolioChange, time: number, context: ApiContext) {
  await context.portfolioChanges.submit(name, said, time);
  const changed = await findPortfolio(name.id, context);
  if (changed === undefined) throw new AppError('NOT_FOUND', 'The portfolio is deleted.');
  return portfolioNode(changed);
}

/** @throws AppError BAD_ARGUMENT, BAD_ID */
function referencesOf(args: Record<string, unknown>): Reference[] {
  const { domains, organizations } = parse(followArguments, args);
  const references = [
    ...(domains ?? []).map((name): Reference => ({ kind: 'domain', name: domainName('domains', name) })),
    ...(organizations ?? []).map((id) => toReference(organizationKeyOf('organizations', id))),
  ];
  if (references.length === 0) throw new AppError('BAD_ARGUMENT', 'Give domains or organizations.');
  return references;
}

/** @throws AppError LIMIT_EXCEEDED */
async function requireRoom(portfolio: Portfolio, more: number, { portfolios }: ApiContext): Promise<void> {
  if ((await portfolios.followedTotal(portfolio)) + more <= MOST_FOLLOWED) return;
  throw new AppError('LIMIT_EXCEEDED', `A portfolio follows at most ${MOST_FOLLOWED} domains and organizations.`);
}
