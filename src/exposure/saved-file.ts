import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors.ts';
import type { RankOf } from '../graph/resolve.ts';
import { Adjacency } from './adjacency.ts';
import { CheckedReader, CheckedWriter } from './checked-file.ts';
import type { ClaimTable } from './claim-table.ts';
import type { Column } from './columns.ts';
import { Facts } from './facts.ts';
import { decodeTexts, encodeTexts } from './saved-texts.ts';

/**
 * The facts in one file, so that a start need not read the database: a line of JSON that says what is in it, then the
 * columns one after the other as they lie in memory, then a digest. It is made beside its place and moved there when it is
 * whole.
 */

/** Goes up whenever what the file holds changes its meaning. */
const FORMAT = 4;
/** Columns begin at multiples of this. */
const ALIGNED = 8;

const TYPES = { Uint8Array, Uint16Array, Int32Array, Float64Array } as const;
type TypeName = keyof typeof TYPES;

interface Section {
  readonly name: string;
  readonly type: TypeName;
  readonly bytes: number;
}

/** What the saved facts stand for. */
export interface SavedState {
  /** The database's identity. */
  readonly graph: string;
  /** Next offset by topic and partition, as `positionKey` names them. */
  readonly positions: readonly (readonly [string, number])[];
}

interface Header extends SavedState {
  readonly format: number;
  readonly sources: readonly string[];
  /** Whose each source is; null: everybody's. */
  readonly tenants: readonly (string | null)[];
  /** null stands for −Infinity. */
  readonly withdrawn: readonly (number | null)[];
  readonly confidences: { readonly uses: readonly (number | null)[]; readonly identity: readonly (number | null)[] };
  readonly counts: {
    readonly nodes: number;
    readonly uses: number;
    readonly identity: number;
    readonly completions: number;
  };
  readonly statements: { readonly uses: number; readonly identity: number };
  readonly sections: readonly Section[];
}

/** Writes the facts, which must not change meanwhile. */
export async function saveFacts(path: string, facts: Facts, state: SavedState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await writeAll(new CheckedWriter(file), await sectionsOf(facts), facts, state);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

async function writeAll(
  file: CheckedWriter,
  columns: readonly (readonly [string, Column])[],
  facts: Facts,
  state: SavedState,
): Promise<void> {
  const sections = columns.map(([name, column]) => ({ name, type: typeOf(column), bytes: column.byteLength }));
  const numbers = (values: readonly number[]) => values.map((value) => (Number.isFinite(value) ? value : null));
  const header: Header = {
    ...state,
    format: FORMAT,
    sources: facts.sources,
    tenants: facts.sources.map((_, source) => facts.tenants[source] ?? null),
    withdrawn: numbers(facts.withdrawn),
    confidences: { uses: numbers(facts.uses.confidences), identity: numbers(facts.identity.confidences) },
    counts: {
      nodes: facts.nodes.count,
      uses: facts.uses.count,
      identity: facts.identity.count,
      completions: facts.completions,
    },
    statements: { uses: facts.uses.statements, identity: facts.identity.statements },
    sections,
  };
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  await file.write(Buffer.concat([line, Buffer.alloc(padding(line.length))]));
  for (const [, column] of columns) {
    await file.write(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    await file.write(Buffer.alloc(padding(column.byteLength)));
  }
  await file.end();
}

const padding = (length: number): number => (ALIGNED - (length % ALIGNED)) % ALIGNED;
const typeOf = (column: Column): TypeName => column.constructor.name as TypeName;

/** All columns by name, without the room that they have to spare. */
async function sectionsOf(facts: Facts): Promise<(readonly [string, Column])[]> {
  const { nodes, uses, identity, completions } = facts;
  const named: number[] = [];
  for (let node = 0; node < nodes.count; node++) if (nodes.names[node] !== undefined) named.push(node);
  const prefixed = (prefix: string, table: ClaimTable) =>
    Object.entries(table.columns()).map(([name, column]) => [`${prefix}.${name}`, column] as const);
  const completedOf = new Int32Array(completions);
  for (let node = 0; node < nodes.count; node++) {
    for (let i = 0; i < facts.completedOf.count(node); i++)
      completedOf[facts.completedOf.pool[(facts.completedOf.start[node] as number) + i] as number] = node;
  }
  return [
    ['keys', await encodeTexts(nodes.keys)],
    ['named', Int32Array.from(named)],
    ['names', await encodeTexts(named.map((node) => nodes.names[node] as string))],
    ['nameAt', Float64Array.from(named, (node) => nodes.nameAt[node] as number)],
    ['order', nodes.order()],
    ...prefixed('uses', uses),
    ...prefixed('identity', identity),
    ['completed.of', completedOf],
    ['completed.what', facts.completedWhat.subarray(0, completions)],
    ['completed.day', facts.completedDay.subarray(0, completions)],
  ];
}

/**
 * Reads saved facts; undefined where there are none, or of another format.
 * @throws AppError INTERNAL where the file is damaged or not whole; SyntaxError or RangeError where its first line is
 */
export async function readFacts(
  path: string,
  rankOf: RankOf,
): Promise<{ readonly facts: Facts; readonly state: SavedState } | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const reader = new CheckedReader(file);
    const line = await reader.line();
    const header = JSON.parse(line) as Header;
    if (header.format !== FORMAT) return undefined;
    await reader.read(Buffer.alloc(padding(Buffer.byteLength(line) + 1)));
    const columns = new Map<string, Column>();
    for (const { name, type, bytes } of header.sections) {
      const buffer = new ArrayBuffer(bytes);
      await reader.read(new Uint8Array(buffer));
      await reader.read(Buffer.alloc(padding(bytes)));
      columns.set(name, new TYPES[type](buffer));
    }
    await reader.end();
    return { facts: toFacts(header, columns, rankOf), state: { graph: header.graph, positions: header.positions } };
  } finally {
    await file.close();
  }
}

function toFacts(header: Header, columns: ReadonlyMap<string, Column>, rankOf: RankOf): Facts {
  const facts = new Facts(rankOf);
  for (const [source, id] of header.sources.entries()) facts.source(id, header.tenants[source] ?? undefined);
  for (const [source, before] of header.withdrawn.entries())
    facts.withdrawn[source] = before ?? Number.NEGATIVE_INFINITY;
  const keys = decodeTexts(columns.get('keys'));
  const names = decodeTexts(columns.get('names'));
  const named = columns.get('named') ?? new Int32Array(0);
  // One that holds a line break would shift all that follow.
  if (keys.length !== header.counts.nodes || names.length !== named.length) {
    throw new AppError('INTERNAL', 'A saved index has other names than it counts.');
  }
  for (const key of keys) facts.nodes.intern(key);
  for (let i = 0; i < names.length; i++)
    facts.nodes.setName(named[i] as number, names[i] as string, columns.get('nameAt')?.[i] ?? 0);
  for (const name of ['uses', 'identity'] as const) {
    const table = facts[name];
    for (const [column] of Object.entries(table.columns()))
      Object.assign(table, { [column]: columns.get(`${name}.${column}`) });
    table.count = header.counts[name];
    table.statements = header.statements[name];
    table.momentCount = table.moments.length;
    table.confidences = header.confidences[name].map((value) => value ?? Number.NaN);
    table.index(header.counts.nodes);
  }
  facts.completions = header.counts.completions;
  facts.completedWhat = columns.get('completed.what') as Int32Array<ArrayBuffer>;
  facts.completedDay = columns.get('completed.day') as Int32Array<ArrayBuffer>;
  const completedOf = columns.get('completed.of') as Int32Array<ArrayBuffer>;
  facts.completedOf = Adjacency.from(completedOf, facts.completions, header.counts.nodes);
  facts.settleCompletions();
  facts.settleAll();
  facts.nodes.setRanks(columns.get('order') ?? []);
  return facts;
}
