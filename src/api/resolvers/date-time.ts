import { GraphQLError, type GraphQLScalarTypeConfig, Kind } from 'graphql';

/** ISO 8601 with a time and an offset; what `Date` understands beyond that is left out on purpose. */
const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 within AVD, ISO 8601 in GraphQL. */
export const dateTime: Omit<GraphQLScalarTypeConfig<number, string>, 'name'> = {
  serialize: (value) => write(value as number),
  parseValue: read,
  parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined),
};

/** Most instants of an answer are the midnights of few days, and writing one costs more than looking it up. */
const written = new Map<number, string>();
const MOST_WRITTEN = 10_000;

function write(time: number): string {
  const known = written.get(time);
  if (known !== undefined) return known;
  const text = new Date(time).toISOString();
  if (written.size >= MOST_WRITTEN) written.clear();
  written.set(time, text);
  return text;
}

function read(value: unknown): number {
  const time = typeof value === 'string' && FORM.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time) || !isCalendarDay(String(value))) {
    throw new GraphQLError('A DateTime is a string in ISO 8601 with an offset, as "2025-03-02T10:00:00Z".');
  }
  return time;
}

/** `Date.parse` takes February 30th for March 2nd. */
function isCalendarDay(text: string): boolean {
  const day = text.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
