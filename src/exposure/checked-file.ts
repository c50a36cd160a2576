import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../errors.ts';

/**
 * A file that is written and read from front to back, and ends with the SHA-256 of all that comes before: what was cut
 * off or damaged is noticed when the end is reached.
 */

/** Hashed and written between two turns of the event loop: about a millisecond. */
const PIECE = 1 << 20;
const DIGEST_BYTES = 32;
const LINE_BREAK = 10;

export class CheckedWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The bytes must not change until it is done. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      this.#hash.update(piece);
      await this.#writeAll(piece);
    }
  }

  /** Writes the digest, and returns when everything is on the disk. */
  async end(): Promise<void> {
    await this.#writeAll(this.#hash.digest());
    await this.#file.sync();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }
}

export class CheckedReader {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  /** Read from the file, but not by whoever asks. */
  #ahead: Uint8Array = new Uint8Array(0);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The text up to the next line break, which is read too. @throws AppError INTERNAL where there is none */
  async line(): Promise<string> {
    const parts: Buffer[] = [];
    for (;;) {
      const end = this.#ahead.indexOf(LINE_BREAK);
      const part = await this.#take(end < 0 ? this.#ahead.length : end + 1);
      parts.push(part);
      if (end >= 0) return Buffer.concat(parts).toString('utf8').slice(0, -1);
      const piece = new Uint8Array(PIECE);
      const { bytesRead } = await this.#file.read(piece, 0, PIECE);
      if (bytesRead === 0) throw notWhole();
      this.#ahead = piece.subarray(0, bytesRead);
    }
  }

  /** Fills the bytes with what comes next. @throws AppError INTERNAL where that is less */
  async read(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      await this.#fill(piece);
      this.#hash.update(piece);
    }
  }

  /** @throws AppError INTERNAL where the file does not end here, or is not what was written */
  async end(): Promise<void> {
    const digest = this.#hash.digest();
    const written = new Uint8Array(DIGEST_BYTES);
    await this.#fill(written);
    const { bytesRead } = await this.#file.read(new Uint8Array(1), 0, 1);
    if (this.#ahead.length + bytesRead > 0 || !digest.equals(written)) throw notWhole();
  }

  async #take(count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count);
    await this.read(bytes);
    return bytes;
  }

  async #fill(bytes: Uint8Array): Promise<void> {
    const ready = this.#ahead.subarray(0, bytes.length);
    bytes.set(ready);
    this.#ahead = this.#ahead.subarray(ready.length);
    for (let at = ready.length; at < bytes.length; ) {
      const { bytesRead } = await this.#file.read(bytes, at, bytes.length - at);
      if (bytesRead === 0) throw notWhole();
      at += bytesRead;
    }
  }
}

const notWhole = (): AppError => new AppError('INTERNAL', 'The saved exposure index is damaged or not whole.');
