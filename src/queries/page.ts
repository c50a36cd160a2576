import { AppError } from '../errors.ts';
import type { Cursor, Page, PageRequest } from './types.ts';

/** The instant of a page: that of its first page. */
export const instantOf = ({ after, at }: PageRequest): number => after?.at ?? at;

/** One row more than asked for tells whether there is a next page. */
export function toPage<Row, T>(
  rows: readonly Row[],
  page: PageRequest,
  node: (row: Row) => T,
  key: (row: Row) => Cursor['key'],
): Page<T> {
  const at = instantOf(page);
  const edges = rows.slice(0, page.first).map((row) => ({ cursor: { at, key: key(row) }, node: node(row) }));
  return { edges, hasNextPage: rows.length > page.first };
}

export const emptyPage: Page<never> = { edges: [], hasNextPage: false };

/**
 * The sort key of a cursor, where each place holds a value of the expected type.
 * @throws AppError BAD_CURSOR for a cursor of another listing
 */
export function cursorKey<T extends readonly ('string' | 'number' | 'any')[]>(
  page: PageRequest,
  ...types: T
): CursorKey<T> | undefined {
  const key = page.after?.key;
  if (key === undefined) {
    return undefined;
  }
  if (key.length !== types.length || !key.every((value, i) => types[i] === 'any' || typeof value === types[i])) {
    throw badCursor();
  }
  return key as CursorKey<T>;
}

/**
 * The keys of the path that a page follows. Whether the graph knows them makes no difference: a cursor may hold any.
 * @throws AppError BAD_CURSOR for one between other ends
 */
export function pathBefore({ after }: PageRequest, from: string, to: string): readonly string[] | undefined {
  if (after === undefined) return undefined;
  const keys = after.key.filter((key): key is string => typeof key === 'string');
  if (keys.length !== after.key.length || keys.length < 2 || keys[0] !== from || keys.at(-1) !== to) throw badCursor();
  return keys;
}

export const badCursor = (): AppError => new AppError('BAD_CURSOR', 'This cursor belongs to another listing.');

type CursorKey<T extends readonly ('string' | 'number' | 'any')[]> = {
  readonly [K in keyof T]: T[K] extends 'string' ? string : T[K] extends 'number' ? number : string | number;
};
