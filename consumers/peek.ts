/** So much of a file is looked at to recognise it. */
const LOOKED_AT = 64 * 1024;

export interface Peeked {
  /** The first line that is not blank, without byte order mark; empty where the file is. */
  readonly firstLine: string;
  readonly encoding: 'utf-8' | 'utf-16';
  /** All bytes, those that were looked at included. */
  readonly chunks: AsyncGenerator<Buffer>;
}

/** Looks at the beginning of a file without taking it away from who reads it next. */
export async function peek(source: AsyncGenerator<Buffer>): Promise<Peeked> {
  const read: Buffer[] = [];
  let start = Buffer.alloc(0);
  while (start.length < LOOKED_AT && !hasLine(start.toString('latin1'))) {
    const { value, done } = await source.next();
    if (done === true) break;
    read.push(value);
    start = Buffer.concat([start, value.subarray(0, LOOKED_AT)]);
  }
  const mark = start.length < 2 ? 0 : start.readUInt16BE(0);
  const text = start.subarray(hasMark(start) ? 3 : 0, LOOKED_AT).toString('utf8');
  return {
    firstLine: /\S.*/.exec(text)?.[0].trimEnd() ?? '',
    encoding: mark === 0xfffe || mark === 0xfeff ? 'utf-16' : 'utf-8',
    chunks: rejoin(read, source),
  };
}

/** Not one regular expression: on a long text without a line break that would take the square of its length. */
function hasLine(text: string): boolean {
  const begin = text.search(/\S/);
  return begin >= 0 && text.includes('\n', begin);
}

async function* rejoin(read: readonly Buffer[], rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* read;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** The same bytes without a byte order mark of UTF-8, which belongs to the file and to no line of it. */
export async function* withoutMark(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let start = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of chunks) {
    if (begun) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < 3) continue;
    begun = true;
    yield hasMark(start) ? start.subarray(3) : start;
  }
  if (!begun) yield start;
}

function hasMark(start: Buffer): boolean {
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
}
