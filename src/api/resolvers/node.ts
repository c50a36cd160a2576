import { z } from 'zod';
import { parse } from '../arguments.ts';
import type { Resolvers } from '../context.ts';
import { decodeId } from '../ids.ts';
import { loadNode } from '../nodes.ts';

const MOST_IDS = 100;
const nodesArguments = z.object({ ids: z.array(z.string()).max(MOST_IDS, `must be at most ${MOST_IDS}`) });

export const nodeQueries: Resolvers<unknown> = {
  node: (_, args, context) => loadNode(decodeId(String(args.id)), context),
  // Each id is an error of its own where it is one.
  nodes: (_, args, context) => parse(nodesArguments, args).ids.map(async (id) => loadNode(decodeId(id), context)),
};
