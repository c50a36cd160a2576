import { z } from 'zod';
import { page, pageRequest, parse } from '../arguments.ts';
import { connectionResolvers, toConnection } from '../connection.ts';
import type { Resolvers } from '../context.ts';
import { idOfIncident } from '../ids.ts';
import { type IncidentNode, incidentNode, loadReference } from '../nodes.ts';
import { sourceOf } from './source.ts';

const filter = z.object({
  kind: z
    .enum(['BREACH', 'OUTAGE'])
    .nullish()
    .transform((kind) => kind ?? undefined),
  source: z
    .string()
    .max(100)
    .nullish()
    .transform((source) => source ?? undefined),
  since: z
    .number()
    .nullish()
    .transform((time) => time ?? undefined),
  until: z
    .number()
    .nullish()
    .transform((time) => time ?? undefined),
  verified: z
    .boolean()
    .nullish()
    .transform((verified) => verified ?? undefined),
});
const incidentArguments = z.object({ filter: filter.nullish(), ...page(50) });

export const incidentQueries: Resolvers<unknown> = {
  incidents: async (_, args, { queries, now }) => {
    const { filter, ...rest } = parse(incidentArguments, args);
    const request = pageRequest('incidents', rest, now);
    return toConnection('incidents', await queries.incidents(filter ?? {}, request), request, incidentNode);
  },
};

const incident: Resolvers<IncidentNode> = {
  id: ({ key }) => idOfIncident(key),
  source: ({ source }, _, context) => sourceOf(source, context),
  affects: ({ affects }, _, context) => affects.map((end) => loadReference(end, context)),
};

export const incidentResolvers = { Incident: incident, ...connectionResolvers('Incident') };
