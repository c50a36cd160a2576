import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '../src/errors.ts';
import { escapeUnprintable } from './refusal.ts';

/** Checks that `path` is a file that can be read. @throws AppError NOT_FOUND or USAGE with one clear sentence */
export async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'There is no file' : 'This file cannot be read:';
    throw new AppError('NOT_FOUND', `${reason} ${path}`, { path }, error);
  });
  if (found.isDirectory()) throw new AppError('USAGE', `This is a folder, not a file: ${path}`, { path });
}

/**
 * The bytes of a file, inflated where they are gzip by their first bytes, whatever the name says. Nothing is read or
 * inflated ahead of who iterates, and both stop with the iteration.
 */
export async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (!(await isGzip(path))) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // The callback has nothing to do: an error of either stream reaches the iteration below.
  yield* pipeline(file, gunzip, () => undefined) as AsyncIterable<Buffer>;
}

export async function isGzip(path: string): Promise<boolean> {
  const [first, second, third] = await readStart(path, 3);
  return first === 0x1f && second === 0x8b && third === 0x08;
}

/** The first bytes of a file as it lies on the disk. */
export async function readStart(path: string, length: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file as it lies on the disk, in hexadecimal. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Whether inflating failed because the file is broken, which it will be again. */
export function isBrokenGzip(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^Z_(DATA|BUF|NEED_DICT|STREAM)/.test(code);
}

/** How a file is called in places: its name without its folders, printable. */
export function nameOf(path: string): string {
  return escapeUnprintable(basename(path));
}
