import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { Alert } from '../../queries/alert.ts';
import { page, pageRequest, parse } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { ApiContext, Resolvers } from '../context.ts';
import { encodeCursor } from '../cursors.ts';
import { idOfAlert } from '../ids.ts';
import { type AlertNode, alertNode, findPortfolio, incidentNode, organizationNode, portfolioNode } from '../nodes.ts';

const pageArguments = z.object(page(50));

/** What a portfolio was warned of. */
export const alertFields: Resolvers<Alert['portfolio']> = {
  alerts: async (portfolio, args, { alerts, now }) => {
    const request = pageRequest('alerts', parse(pageArguments, args), now);
    return toConnection('alerts', await alerts.alerts(portfolio, request), request, alertNode);
  },
};

/** Where an alert stands among those of its portfolio, the same whenever it is asked for. */
export const alertCursor = ({ sequence, raisedAt }: Alert): string =>
  encodeCursor('alerts', { at: raisedAt, key: [sequence] });

const alert: Resolvers<AlertNode> = {
  id: ({ id }) => idOfAlert(id),
  cursor: alertCursor,
  portfolio: async ({ portfolio }, _, context) => {
    const found = await findPortfolio(portfolio.id, context);
    return found === undefined ? null : portfolioNode(found);
  },
  incident: async ({ incident }, _, { loaders }) => {
    const found = await loaders.incident.load(incident);
    if (found === undefined) throw new AppError('INTERNAL', 'An alert names an incident that is not there.');
    return incidentNode(found);
  },
  paths: ({ paths }) => paths.map((keys) => ({ keys })),
};

const alertPath: Resolvers<{ readonly keys: readonly string[] }> = {
  length: ({ keys }) => keys.length - 1,
  organizations: ({ keys }, _, context) => keys.map((key) => organizationNow(key, context)),
};

/** What stands today for an organization of a path. */
async function organizationNow(key: string, { loaders }: ApiContext) {
  const found = await loaders.organization.load(key);
  if (found === undefined) throw new AppError('INTERNAL', 'An alert names an organization that is not there.');
  return organizationNode(found);
}

export const alertResolvers = { Alert: alert, AlertPath: alertPath, ...connectionResolvers('Alert') };
