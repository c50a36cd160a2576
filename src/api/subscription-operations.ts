import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import type { Context, SubscribePayload } from 'graphql-ws';
import { AppError } from '../errors.ts';
import type { Access } from './access.ts';
import type { ApiContext, Caller } from './context.ts';
import { estimateCost } from './cost.ts';
import type { ApiErrorCode, ShownError } from './errors.ts';
import type { Feeds } from './feeds.ts';
import { checkSize, LIMITS, tooLarge } from './limits.ts';
import type { RateLimit } from './rate-limit.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

export interface OperationDeps {
  readonly schema: GraphQLSchema;
  readonly feeds: Feeds;
  readonly access: Access;
  readonly documents: TrustedDocuments;
  readonly rateLimit: RateLimit;
  readonly createContext: (caller: Caller) => ApiContext;
  readonly format: (error: unknown) => ShownError;
}

/** Who subscribes. */
export interface Subscriber {
  /** The header's, or what the connection's first message says. */
  authorization: string | undefined;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

type WebSocketContext = Context<Record<string, unknown>, { readonly subscriber: Subscriber }>;

const MOST_ERRORS = 20;

/** What `graphql-ws` asks of us: to check a document, and to follow its events. */
export function createSubscriptionOperations(deps: OperationDeps, mostOfConnection: number) {
  return {
    async onSubscribe(
      { subscriptions, extra: { subscriber } }: WebSocketContext,
      _id: string,
      { query, variables, operationName }: SubscribePayload,
    ): Promise<ExecutionArgs | readonly GraphQLError[]> {
      try {
        if (Object.keys(subscriptions).length > mostOfConnection) {
          throw new AppError('LIMIT_EXCEEDED', `A connection holds at most ${mostOfConnection} subscriptions.`);
        }
        deps.documents.check(query);
        const document = parsed(query);
        const wrong = validate(deps.schema, document, undefined, { maxErrors: MOST_ERRORS });
        if (wrong.length > 0)
          return wrong.map((error) => asShown(deps.format(coded(error, 'GRAPHQL_VALIDATION_FAILED'))));
        const cost = checkDocument(deps.schema, document, operationName ?? undefined, variables ?? {});
        deps.rateLimit.take((await deps.access(subscriber.authorization)).tenant, cost);
        const operation = { operationName: operationName ?? null, variableValues: variables ?? {} };
        return { schema: deps.schema, document, ...operation, contextValue: subscriber };
      } catch (error) {
        return [asShown(deps.format(error))];
      }
    },
    subscribe: (args: ExecutionArgs) => follow(deps, args),
  };
}

/** What it costs. @throws GraphQLError where it is none of ours, or too large */
function checkDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  name: string | undefined,
  variables: Record<string, unknown>,
): number {
  const operation = getOperationAST(document, name);
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) {
    throw new AppError('BAD_ARGUMENT', 'Only subscriptions come by WebSocket: ask everything else by HTTP.');
  }
  checkSize(document, operation);
  const { items } = estimateCost(schema, document, operation, variables);
  if (items > LIMITS.cost) throw tooLarge('TOO_EXPENSIVE', `About ${items} items are asked for with each event.`);
  return items;
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: LIMITS.tokens });
  } catch (error) {
    throw error instanceof GraphQLError ? coded(error, 'GRAPHQL_PARSE_FAILED') : error;
  }
}

/** Without what GraphQL proposes in place of a wrong name: a closed schema is not told by it. */
function coded(error: GraphQLError, code: ApiErrorCode): GraphQLError {
  return new GraphQLError(error.message.replace(/ Did you mean .*\?$/, ''), { extensions: { code } });
}

const asShown = ({ message, extensions }: ShownError): GraphQLError => new GraphQLError(message, { extensions });

/** The answers to each event, until the client, the connection or the feed ends it. */
async function follow(
  deps: OperationDeps,
  args: ExecutionArgs,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const subscriber = args.contextValue as Subscriber;
  const ended = new AbortController();
  const signal = AbortSignal.any([subscriber.signal, ended.signal]);
  // Asked for each event: a token that has run out, or is believed no more, ends what it began.
  const contextNow = async (): Promise<ApiContext> => {
    const viewer = await deps.access(subscriber.authorization);
    return { ...deps.createContext({ viewer, signal }), feeds: deps.feeds };
  };
  const shown = (result: ExecutionResult): ExecutionResult =>
    result.errors === undefined
      ? result
      : { ...result, errors: result.errors.map((error) => asShown(deps.format(error.originalError ?? error))) };
  const failed = (error: unknown): ExecutionResult => ({ errors: [asShown(deps.format(error))] });

  const source = await contextNow().then((contextValue) => createSourceEventStream({ ...args, contextValue }), failed);
  if (!(Symbol.asyncIterator in source)) return shown({ errors: (source.errors ?? []).map(asWrongInput) });
  const answer = async (rootValue: unknown): Promise<ExecutionResult> =>
    shown(await execute({ ...args, rootValue, contextValue: await contextNow() }));
  return answers(source, answer, failed, () => ended.abort());
}

/** What is wrong before any field was asked is wrong with the variables. */
const asWrongInput = (error: GraphQLError): GraphQLError =>
  error.path === undefined ? coded(error, 'BAD_USER_INPUT') : error;

/** `end` is called as soon as nobody wants more, also while an event is waited for. */
function answers(
  source: AsyncIterable<unknown>,
  answer: (event: unknown) => Promise<ExecutionResult>,
  failed: (error: unknown) => ExecutionResult,
  end: () => void,
): AsyncIterableIterator<ExecutionResult> {
  const events = source[Symbol.asyncIterator]();
  let isOver = false;
  const over = (): IteratorReturnResult<undefined> => {
    isOver = true;
    end();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (isOver) return over();
      try {
        const event = await events.next();
        return event.done ? over() : { done: false, value: await answer(event.value) };
      } catch (error) {
        over();
        return { done: false, value: failed(error) };
      }
    },
    async return() {
      return over();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
